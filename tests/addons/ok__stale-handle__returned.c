/*
 * ok__stale-handle__returned.c - made in the callback's own scope, an argument, this: all may be
 * returned.
 */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_handle_scope scope;
  napi_value object = addon_object(env);
  MUST(napi_open_handle_scope(env, &scope));
  MUST(napi_set_named_property(env, object, "x", addon_number(env, 1)));
  MUST(napi_close_handle_scope(env, scope));
  return object;
}

static napi_value echo(napi_env env, napi_callback_info info) { return addon_argument(env, info); }

static napi_value self(napi_env env, napi_callback_info info) {
  napi_value this_value;
  MUST(napi_get_cb_info(env, info, NULL, NULL, &this_value, NULL));
  return this_value;
}

ADDON_EXPORTS({"run", run}, {"echo", echo}, {"self", self})
