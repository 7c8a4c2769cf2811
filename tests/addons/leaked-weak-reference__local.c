/* leaked-weak-reference__local.c - a weak reference in a local variable, never deleted. */
#include "addon.h"

ADDON_FRAME static void watch_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 0, &reference)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  watch_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
