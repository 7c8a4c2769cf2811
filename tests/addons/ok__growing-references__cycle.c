/*
 * ok__growing-references__cycle.c - the reference to the closure is weak: object and closure go
 * together.
 */
#include "addon.h"

struct native {
  napi_ref on_data;
};

static void drop_native(napi_env env, void *data, void *hint) {
  struct native *native = (struct native *)data;
  (void)napi_delete_reference(env, native->on_data);
  free(native);
}

static napi_value run(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  MUST(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  struct native *native = (struct native *)calloc(1, sizeof *native);
  MUST_BE(native != NULL);
  MUST(napi_wrap(env, argv[0], native, drop_native, NULL, NULL));
  MUST(napi_create_reference(env, argv[1], 0, &native->on_data));
  return NULL;
}

ADDON_EXPORTS({"listen", run})
