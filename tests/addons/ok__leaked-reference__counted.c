/*
 * ok__leaked-reference__counted.c - the same counts, and the delete that releases it whatever they
 * are.
 */
#include "addon.h"

ADDON_FRAME static void share_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference));
  MUST(napi_reference_ref(env, reference, NULL));
  MUST(napi_reference_ref(env, reference, NULL));
  uint32_t count = 0;
  MUST(napi_reference_unref(env, reference, &count));
  MUST_BE(count == 2);
  napi_value value = NULL;
  MUST(napi_get_reference_value(env, reference, &value));
  bool is_same = false;
  MUST(napi_strict_equals(env, value, object, &is_same));
  MUST_BE(is_same);
  MUST(napi_delete_reference(env, reference));
}

static napi_value run(napi_env env, napi_callback_info info) {
  share_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
