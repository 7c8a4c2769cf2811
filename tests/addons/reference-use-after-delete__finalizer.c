/*
 * reference-use-after-delete__finalizer.c - a finalizer uses a reference that was deleted long
 * before.
 */
#include "addon.h"

ADDON_FRAME static void drop(napi_env env, napi_ref reference) {
  MUST(napi_delete_reference(env, reference)); /* AT deleted */
}

ADDON_FRAME static void on_collected(napi_env env, void *data, void *hint) {
  uint32_t count = 0;
  (void)napi_reference_unref(env, (napi_ref)data, &count); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  napi_value external;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference)); /* AT created */
  MUST(napi_create_external(env, reference, on_collected, NULL, &external));
  drop(env, reference);
  return NULL;
}

ADDON_EXPORTS({"run", run})
