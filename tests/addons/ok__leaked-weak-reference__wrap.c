/*
 * ok__leaked-weak-reference__wrap.c - no reference asked for: the runtime keeps its own and frees
 * it.
 */
#include "addon.h"

static void drop_native(napi_env env, void *data, void *hint) { free(data); }

ADDON_FRAME static void wrap_object(napi_env env, napi_value object) {
  MUST(napi_wrap(env, object, malloc(16), drop_native, NULL, NULL));
}

static napi_value run(napi_env env, napi_callback_info info) {
  wrap_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
