/*
 * reference-use-after-delete__unref.c - unref after delete, as a destructor that runs twice does.
 */
#include "addon.h"

ADDON_FRAME static void drop(napi_env env, napi_ref reference) {
  MUST(napi_delete_reference(env, reference)); /* AT deleted */
}

ADDON_FRAME static void weaken(napi_env env, napi_ref reference) {
  uint32_t count = 0;
  (void)napi_reference_unref(env, reference, &count); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 2, &reference)); /* AT created */
  drop(env, reference);
  weaken(env, reference);
  return NULL;
}

ADDON_EXPORTS({"run", run})
