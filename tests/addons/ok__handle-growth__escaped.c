/* ok__handle-growth__escaped.c - the same, a thousand to a scope. */
#include "addon.h"

ADDON_FRAME static void make_one(napi_env env) {
  napi_escapable_handle_scope scope;
  napi_value escaped;
  MUST(napi_open_escapable_handle_scope(env, &scope));
  MUST(napi_escape_handle(env, scope, addon_object(env), &escaped));
  MUST(napi_close_escapable_handle_scope(env, scope));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_handle_scope scope;
  for (int i = 0; i < 120; i++) {
    MUST(napi_open_handle_scope(env, &scope));
    for (int k = 0; k < 1000; k++)
      make_one(env);
    MUST(napi_close_handle_scope(env, scope));
  }
  return NULL;
}

ADDON_EXPORTS({"run", run})
