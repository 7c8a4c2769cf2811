/* invalid-reference__integer.c - a number that never was a reference. */
#include "addon.h"

ADDON_FRAME static void use(napi_env env, napi_ref reference) {
  napi_value value = NULL;
  (void)napi_get_reference_value(env, reference, &value); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  use(env, (napi_ref)(uintptr_t)0x1234);
  return NULL;
}

ADDON_EXPORTS({"run", run})
