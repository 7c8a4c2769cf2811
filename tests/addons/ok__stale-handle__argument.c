/*
 * ok__stale-handle__argument.c - arguments passed on at once, in nested calls of nested callbacks.
 */
#include "addon.h"

static napi_value call(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3], self, result;
  MUST(napi_get_cb_info(env, info, &argc, argv, &self, NULL));
  MUST(napi_call_function(env, self, argv[0], 2, argv + 1, &result));
  /* What stood before the call is still good after it. */
  MUST(napi_call_function(env, self, argv[0], 2, argv + 1, &result));
  return result;
}

ADDON_EXPORTS({"call", call})
