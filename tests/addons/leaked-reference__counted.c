/*
 * leaked-reference__counted.c - referenced twice more, released once: the count never comes back
 * to 0.
 */
#include "addon.h"

ADDON_FRAME static void share_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
  MUST(napi_reference_ref(env, reference, NULL));
  MUST(napi_reference_ref(env, reference, NULL));
  uint32_t count = 0;
  MUST(napi_reference_unref(env, reference, &count));
  MUST_BE(count == 2);
}

static napi_value run(napi_env env, napi_callback_info info) {
  share_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
