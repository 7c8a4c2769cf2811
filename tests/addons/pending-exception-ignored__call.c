/*
 * pending-exception-ignored__call.c - a call throws, its status is ignored, the next calls are
 * refused.
 */
#include "addon.h"

ADDON_FRAME static void call_thrower(napi_env env, napi_value function) {
  napi_value undefined;
  MUST(napi_get_undefined(env, &undefined));
  (void)napi_call_function(env, undefined, function, 0, NULL, NULL); /* AT failed */
}

ADDON_FRAME static void go_on(napi_env env, napi_value object) {
  (void)napi_set_named_property(env, object, "x", object); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env);
  call_thrower(env, addon_argument(env, info));
  go_on(env, object);
  napi_value exception;
  MUST(napi_get_and_clear_last_exception(env, &exception));
  return NULL;
}

ADDON_EXPORTS({"run", run})
