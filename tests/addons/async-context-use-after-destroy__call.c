/*
 * async-context-use-after-destroy__call.c - a context that is destroyed is called back with, opened
 * a scope with, and destroyed once more.
 */
#include "addon.h"

ADDON_FRAME static napi_async_context create(napi_env env, napi_value name) {
  napi_async_context context;
  MUST(napi_async_init(env, NULL, name, &context)); /* AT created */
  return context;
}

ADDON_FRAME static void destroy(napi_env env, napi_async_context context) {
  MUST(napi_async_destroy(env, context)); /* AT deleted */
}

ADDON_FRAME static void call(napi_env env, napi_async_context context, napi_value function) {
  napi_value result;
  (void)napi_make_callback(env, context, function, function, 0, NULL, &result); /* DEFECT used */
}

ADDON_FRAME static void open_scope(napi_env env, napi_async_context context, napi_value resource) {
  napi_callback_scope scope;
  (void)napi_open_callback_scope(env, resource, context, &scope); /* AT opened */
}

ADDON_FRAME static void destroy_again(napi_env env, napi_async_context context) {
  (void)napi_async_destroy(env, context); /* AT again */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value function = addon_argument(env, info), name;
  MUST(napi_create_string_utf8(env, "job", NAPI_AUTO_LENGTH, &name));
  napi_async_context context = create(env, name);
  destroy(env, context);
  call(env, context, function);
  open_scope(env, context, addon_object(env));
  destroy_again(env, context);
  return NULL;
}

ADDON_EXPORTS({"run", run})
