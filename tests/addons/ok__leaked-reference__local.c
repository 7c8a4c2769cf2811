/* ok__leaked-reference__local.c - the same local variable, deleted before it goes away. */
#include "addon.h"

ADDON_FRAME static void keep_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference));
  MUST(napi_delete_reference(env, reference));
}

static napi_value run(napi_env env, napi_callback_info info) {
  keep_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
