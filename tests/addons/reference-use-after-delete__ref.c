/* reference-use-after-delete__ref.c - a deleted reference is made stronger. */
#include "addon.h"

ADDON_FRAME static void drop(napi_env env, napi_ref reference) {
  MUST(napi_delete_reference(env, reference)); /* AT deleted */
}

ADDON_FRAME static void strengthen(napi_env env, napi_ref reference) {
  uint32_t count = 0;
  (void)napi_reference_ref(env, reference, &count); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference)); /* AT created */
  drop(env, reference);
  strengthen(env, reference);
  return NULL;
}

ADDON_EXPORTS({"run", run})
