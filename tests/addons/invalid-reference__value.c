/*
 * invalid-reference__value.c - a napi_value passed where a napi_ref belongs, by way of a void
 * pointer.
 */
#include "addon.h"

ADDON_FRAME static void use(napi_env env, void *user_data) {
  uint32_t count = 0;
  (void)napi_reference_ref(env, (napi_ref)user_data, &count); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  use(env, addon_object(env));
  return NULL;
}

ADDON_EXPORTS({"run", run})
