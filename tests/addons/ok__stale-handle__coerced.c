/*
 * ok__stale-handle__coerced.c - a value that is of the wanted type already: the conversion returns
 * the handle that it was given, which lives in the scope around. And new.target, which lives as
 * long as its callback.
 */
#include "addon.h"

typedef napi_status (*coerce)(napi_env env, napi_value value, napi_value *result);

static napi_value coerced_inside(napi_env env, napi_value value, coerce function) {
  napi_handle_scope scope;
  napi_value result;
  MUST(napi_open_handle_scope(env, &scope));
  MUST(function(env, value, &result));
  MUST(napi_close_handle_scope(env, scope));
  /* Where it is another handle (Bun), it is gone: nothing can be said of it. */
  return result == value ? result : value;
}

static napi_value construct(napi_env env, napi_callback_info info) {
  napi_handle_scope scope;
  napi_value target;
  napi_valuetype type;
  MUST(napi_open_handle_scope(env, &scope));
  MUST(napi_get_new_target(env, info, &target));
  MUST(napi_close_handle_scope(env, scope));
  MUST(napi_typeof(env, target, &type));
  MUST_BE(type == napi_function);
  return NULL;
}

/* run(object): as it came, escaped from a scope that is still open, and others made here. */
static napi_value run(napi_env env, napi_callback_info info) {
  napi_value argument = addon_argument(env, info), value, result, escaped;
  napi_escapable_handle_scope scope;
  napi_valuetype type;
  double number;
  result = coerced_inside(env, argument, napi_coerce_to_object);
  MUST(napi_typeof(env, result, &type));
  MUST_BE(type == napi_object);
  MUST(napi_create_string_utf8(env, "text", NAPI_AUTO_LENGTH, &value));
  result = coerced_inside(env, value, napi_coerce_to_string);
  MUST(napi_typeof(env, result, &type));
  MUST_BE(type == napi_string);
  result = coerced_inside(env, addon_number(env, 1.5), napi_coerce_to_number);
  MUST(napi_get_value_double(env, result, &number));
  MUST_BE(number == 1.5);
  MUST(napi_create_function(env, "Made", NAPI_AUTO_LENGTH, construct, NULL, &value));
  MUST(napi_new_instance(env, value, 0, NULL, &result));
  MUST(napi_open_escapable_handle_scope(env, &scope));
  MUST(napi_escape_handle(env, scope, addon_object(env), &escaped));
  MUST(napi_coerce_to_object(env, escaped, &result));
  MUST(napi_close_escapable_handle_scope(env, scope));
  MUST(napi_get_boolean(env, result == escaped, &value));
  MUST(napi_set_named_property(env, escaped, "same", value));
  return escaped;
}

ADDON_EXPORTS({"run", run})
