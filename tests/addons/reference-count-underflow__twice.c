/* reference-count-underflow__twice.c - one unref more than there were refs. */
#include "addon.h"

ADDON_FRAME static void weaken(napi_env env, napi_ref reference) {
  MUST(napi_reference_unref(env, reference, NULL));
}

ADDON_FRAME static void weaken_again(napi_env env, napi_ref reference) {
  (void)napi_reference_unref(env, reference, NULL); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference)); /* AT created */
  weaken(env, reference);
  weaken_again(env, reference);
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

ADDON_EXPORTS({"run", run})
