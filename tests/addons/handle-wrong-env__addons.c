/*
 * handle-wrong-env__addons.c - a raw napi_value goes from one addon to another while both are on
 * the stack.
 *
 * The driver loads this one and a copy of it; give() calls JavaScript, which calls the copy's
 * take().
 */
#include "addon.h"

static napi_value give(napi_env env, napi_callback_info info) {
  napi_value function = addon_argument(env, info), undefined, argument;
  MUST(napi_get_undefined(env, &undefined));
  argument = addon_pointer_out(env, addon_object(env));
  MUST(napi_call_function(env, undefined, function, 1, &argument, NULL));
  return NULL;
}

ADDON_FRAME static void use_foreign(napi_env env, napi_value value) {
  napi_valuetype type;
  (void)napi_typeof(env, value, &type); /* DEFECT used */
}

static napi_value take(napi_env env, napi_callback_info info) {
  use_foreign(env, (napi_value)addon_pointer_in(env, info));
  return NULL;
}

ADDON_EXPORTS({"give", give}, {"take", take})
