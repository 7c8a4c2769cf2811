/*
 * ok__wrap-reference-deleted-early__at-once.c - napi_remove_wrap first: the native object is the
 * addon's again.
 */
#include "addon.h"

static void drop_native(napi_env env, void *data, void *hint) { free(data); }

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env);
  napi_ref reference;
  void *native = NULL;
  MUST(napi_wrap(env, object, malloc(64), drop_native, NULL, &reference));
  MUST(napi_remove_wrap(env, object, &native));
  MUST(napi_delete_reference(env, reference));
  free(native);
  return NULL;
}

ADDON_EXPORTS({"run", run})
