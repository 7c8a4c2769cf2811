/*
 * ok__stale-handle__callback-scope.c - a callback scope holds no handles: what was made in it is
 * good after it, also where handle scopes and callback scopes overlap.
 */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name, resource = addon_object(env), function = addon_argument(env, info), result;
  napi_async_context context;
  napi_callback_scope callback_scope;
  napi_handle_scope handle_scope;
  MUST(napi_create_string_utf8(env, "scope", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, resource, name, &context));
  MUST(napi_open_callback_scope(env, resource, context, &callback_scope));
  MUST(napi_call_function(env, resource, function, 0, NULL, &result));
  MUST(napi_close_callback_scope(env, callback_scope));
  MUST(napi_set_named_property(env, resource, "x", result));

  MUST(napi_open_handle_scope(env, &handle_scope));
  MUST(napi_open_callback_scope(env, resource, context, &callback_scope));
  MUST(napi_close_handle_scope(env, handle_scope));
  napi_value object = addon_object(env);
  MUST(napi_set_named_property(env, object, "x", result));
  MUST(napi_close_callback_scope(env, callback_scope));
  MUST(napi_async_destroy(env, context));
  return object;
}

ADDON_EXPORTS({"run", run})
