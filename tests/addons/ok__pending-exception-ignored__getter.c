/*
 * ok__pending-exception-ignored__getter.c - a getter throws, and a property is asked of what has
 * none: after each of them the exception is looked for, and cleared.
 */
#include "addon.h"

ADDON_FRAME static void clear(napi_env env) {
  bool pending;
  napi_value exception;
  MUST(napi_is_exception_pending(env, &pending));
  if (pending)
    MUST(napi_get_and_clear_last_exception(env, &exception));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env), value, undefined;
  double number;
  MUST(napi_get_undefined(env, &undefined));
  MUST_BE(napi_get_named_property(env, addon_argument(env, info), "boom", &value) != napi_ok);
  clear(env);
  MUST(napi_set_named_property(env, object, "x", object));
  MUST_BE(napi_get_named_property(env, undefined, "x", &value) != napi_ok);
  clear(env);
  MUST(napi_set_named_property(env, object, "y", object));
  MUST_BE(napi_get_value_double(env, object, &number) == napi_number_expected);
  MUST(napi_set_named_property(env, object, "z", object));
  return NULL;
}

ADDON_EXPORTS({"run", run})
