/*
 * stale-handle__callback-scope.c - a value of a handle scope that was closed while the callback
 * scope in it stays open.
 */
#include "addon.h"

ADDON_FRAME static void use_outside(napi_env env, napi_value object) {
  napi_valuetype type;
  (void)napi_typeof(env, object, &type); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name, resource = addon_object(env);
  napi_async_context context;
  napi_callback_scope callback_scope;
  napi_handle_scope handle_scope;
  MUST(napi_create_string_utf8(env, "scope", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, resource, name, &context));
  MUST(napi_open_handle_scope(env, &handle_scope));
  MUST(napi_open_callback_scope(env, resource, context, &callback_scope));
  napi_value object = addon_object(env);
  MUST(napi_close_handle_scope(env, handle_scope)); /* AT closed */
  use_outside(env, object);
  MUST(napi_close_callback_scope(env, callback_scope));
  MUST(napi_async_destroy(env, context));
  return NULL;
}

ADDON_EXPORTS({"run", run})
