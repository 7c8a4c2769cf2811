/*
 * finalizer-after-owner__instance.c - an external's finalizer gets the instance data as its hint,
 * and runs after that is freed.
 *
 * Objects that live to the end of the env are finalized in the reverse order of their making: the
 * instance data, set later, goes first.
 */
#include "addon.h"

struct pool {
  int n_live;
};

static void drop_pool(napi_env env, void *data, void *hint) {
  memset(data, 0, sizeof(struct pool));
}

/* Only looks at the address: what a real one would do with it is a use after free. */
ADDON_FRAME static void on_collected(napi_env env, void *data, void *hint) { free(data); }

ADDON_FRAME static napi_value make(napi_env env, struct pool *pool) {
  napi_value external;
  MUST(napi_create_external(env, malloc(8), on_collected, pool, &external)); /* DEFECT created */
  return external;
}

static struct pool the_pool;

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value external = make(env, &the_pool);
  MUST(napi_set_instance_data(env, &the_pool, drop_pool, NULL));
  return external;
}

ADDON_EXPORTS({"run", run})
