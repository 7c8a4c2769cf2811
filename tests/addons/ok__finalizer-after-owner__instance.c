/*
 * ok__finalizer-after-owner__instance.c - the instance data counts its users, and the last one
 * frees it.
 */
#include "addon.h"

struct pool {
  int n_users;
};

static void release(struct pool *pool) {
  if (--pool->n_users == 0)
    free(pool);
}

static void drop_pool(napi_env env, void *data, void *hint) {
  release(*(struct pool **)data);
  free(data);
}

static void on_collected(napi_env env, void *data, void *hint) {
  release(*(struct pool **)data);
  free(data);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct pool *pool = (struct pool *)calloc(1, sizeof *pool);
  struct pool **instance = (struct pool **)malloc(sizeof *instance);
  struct pool **user = (struct pool **)malloc(sizeof *user);
  napi_value external;
  *instance = *user = pool;
  pool->n_users = 2;
  MUST(napi_create_external(env, user, on_collected, NULL, &external));
  MUST(napi_set_instance_data(env, instance, drop_pool, NULL));
  return external;
}

ADDON_EXPORTS({"run", run})
