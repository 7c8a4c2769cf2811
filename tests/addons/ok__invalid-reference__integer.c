/*
 * ok__invalid-reference__integer.c - NULL is refused by the runtime with a status, which an addon
 * may rely on.
 */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value = NULL;
  MUST_BE(napi_get_reference_value(env, NULL, &value) == napi_invalid_arg);
  MUST_BE(napi_delete_reference(env, NULL) == napi_invalid_arg);
  return NULL;
}

ADDON_EXPORTS({"run", run})
