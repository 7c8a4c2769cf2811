/* leaked-reference__local.c - the reference lives in a local variable only. */
#include "addon.h"

ADDON_FRAME static void keep_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  keep_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
