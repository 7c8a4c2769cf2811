/*
 * ok__unclosed-handle-scope__escapable.c - closing works with an exception pending, and the
 * exception survives.
 */
#include "addon.h"

ADDON_FRAME static void parse(napi_env env) {
  napi_escapable_handle_scope scope;
  MUST(napi_open_escapable_handle_scope(env, &scope));
  napi_throw_error(env, NULL, "cannot parse");
  MUST(napi_close_escapable_handle_scope(env, scope));
}

static napi_value run(napi_env env, napi_callback_info info) {
  parse(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
