/* handle-growth__escaped.c - a loop with a scope of its own, each value of which escapes. */
#include "addon.h"

ADDON_FRAME static void make_one(napi_env env) {
  napi_escapable_handle_scope scope;
  napi_value escaped;
  MUST(napi_open_escapable_handle_scope(env, &scope));
  MUST(napi_escape_handle(env, scope, addon_object(env), &escaped)); /* DEFECT created */
  MUST(napi_close_escapable_handle_scope(env, scope));
}

static napi_value run(napi_env env, napi_callback_info info) {
  for (int i = 0; i < 120000; i++)
    make_one(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
