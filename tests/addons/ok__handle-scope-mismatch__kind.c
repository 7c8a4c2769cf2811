/*
 * ok__handle-scope-mismatch__kind.c - a callback scope and a handle scope, each closed as what it
 * is.
 */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  napi_async_context context;
  napi_handle_scope handles;
  napi_callback_scope scope;
  MUST(napi_create_string_utf8(env, "scope", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, NULL, name, &context));
  MUST(napi_open_callback_scope(env, addon_object(env), context, &scope));
  MUST(napi_open_handle_scope(env, &handles));
  addon_object(env);
  MUST(napi_close_handle_scope(env, handles));
  MUST(napi_close_callback_scope(env, scope));
  MUST(napi_async_destroy(env, context));
  return NULL;
}

ADDON_EXPORTS({"run", run})
