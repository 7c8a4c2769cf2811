/*
 * ok__async-context-use-after-destroy__call.c - a context is called back with and opened a scope
 * with, then destroyed, once.
 */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value function = addon_argument(env, info), name, result;
  napi_async_context context;
  napi_callback_scope scope;
  MUST(napi_create_string_utf8(env, "job", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, NULL, name, &context));
  MUST(napi_make_callback(env, context, function, function, 0, NULL, &result));
  MUST(napi_open_callback_scope(env, addon_object(env), context, &scope));
  MUST(napi_close_callback_scope(env, scope));
  MUST(napi_async_destroy(env, context));
  return result;
}

ADDON_EXPORTS({"run", run})
