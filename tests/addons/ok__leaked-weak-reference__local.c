/* ok__leaked-weak-reference__local.c - deleted, though the object is gone on its own. */
#include "addon.h"

ADDON_FRAME static void watch_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 0, &reference));
  MUST(napi_delete_reference(env, reference));
}

static napi_value run(napi_env env, napi_callback_info info) {
  watch_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
