/*
 * ok__handle-wrong-env__addons.c - the value itself goes by JavaScript: each env has a handle of
 * its own.
 */
#include "addon.h"

static napi_value give(napi_env env, napi_callback_info info) {
  napi_value function = addon_argument(env, info), undefined, argument = addon_object(env);
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_call_function(env, undefined, function, 1, &argument, NULL));
  return argument;
}

static napi_value take(napi_env env, napi_callback_info info) {
  napi_valuetype type;
  MUST(napi_typeof(env, addon_argument(env, info), &type));
  MUST_BE(type == napi_object);
  return NULL;
}

ADDON_EXPORTS({"give", give}, {"take", take})
