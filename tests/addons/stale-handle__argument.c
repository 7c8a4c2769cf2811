/* stale-handle__argument.c - the arguments of a callback are kept and passed on in the next one. */
#include "addon.h"

static napi_value kept[2];

static napi_value keep(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  MUST(napi_get_cb_info(env, info, &argc, kept, NULL, NULL));
  return NULL;
}

ADDON_FRAME static void pass_on(napi_env env, napi_value function) {
  napi_value undefined;
  MUST(napi_get_undefined(env, &undefined));
  (void)napi_call_function(env, undefined, function, 1, kept, NULL); /* DEFECT used */
}

static napi_value call(napi_env env, napi_callback_info info) {
  pass_on(env, addon_argument(env, info));
  return NULL;
}

ADDON_EXPORTS({"keep", keep}, {"call", call})
