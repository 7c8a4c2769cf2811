/*
 * growing-references__cycle.c - the wrapped native data holds a strong reference to a closure that
 * holds the object.
 *
 * Nothing can collect either of them before the env ends; every reference is held the whole time.
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

ADDON_FRAME static void listen(napi_env env, struct native *native, napi_value function) {
  MUST(napi_create_reference(env, function, 1, &native->on_data)); /* DEFECT created */
}

/* listen(object, function): the function is a closure over the object. */
static napi_value run(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  MUST(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  struct native *native = (struct native *)calloc(1, sizeof *native);
  MUST_BE(native != NULL);
  MUST(napi_wrap(env, argv[0], native, drop_native, NULL, NULL));
  listen(env, native, argv[1]);
  return NULL;
}

ADDON_EXPORTS({"listen", run})
