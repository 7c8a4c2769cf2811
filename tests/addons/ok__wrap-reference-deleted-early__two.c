/*
 * ok__wrap-reference-deleted-early__two.c - one native object behind two finalizers: the first that
 * runs frees it, and takes the other back by deleting both references.
 */
#include "addon.h"

struct native {
  napi_ref wrapper, other;
};

static void drop_native(napi_env env, void *data, void *hint) {
  struct native *native = (struct native *)data;
  (void)napi_delete_reference(env, native->wrapper);
  (void)napi_delete_reference(env, native->other);
  free(native);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct native *native = (struct native *)malloc(sizeof *native);
  napi_value object = addon_object(env);
  MUST(napi_wrap(env, object, native, drop_native, NULL, &native->wrapper));
  MUST(napi_add_finalizer(env, object, native, drop_native, NULL, &native->other));
  return object;
}

ADDON_EXPORTS({"run", run})
