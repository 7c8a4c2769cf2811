/*
 * handle-scope-mismatch__kind.c - a callback scope is closed as a handle scope; then it is closed
 * as what it is.
 */
#include "addon.h"

ADDON_FRAME static void close_as_handle_scope(napi_env env, void *scope) {
  (void)napi_close_handle_scope(env, (napi_handle_scope)scope); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  napi_async_context context;
  napi_callback_scope scope;
  MUST(napi_create_string_utf8(env, "scope", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, NULL, name, &context));
  MUST(napi_open_callback_scope(env, addon_object(env), context, &scope)); /* AT opened */
  close_as_handle_scope(env, scope);
  MUST(napi_close_callback_scope(env, scope));
  MUST(napi_async_destroy(env, context));
  return NULL;
}

ADDON_EXPORTS({"run", run})
