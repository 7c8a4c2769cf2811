/*
 * leaked-weak-reference__wrap.c - a reference asked of napi_wrap and never deleted, not even by
 * the finalizer.
 */
#include "addon.h"

static void drop_native(napi_env env, void *data, void *hint) { free(data); }

ADDON_FRAME static void wrap_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_wrap(env, object, malloc(16), drop_native, NULL, &reference)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  wrap_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
