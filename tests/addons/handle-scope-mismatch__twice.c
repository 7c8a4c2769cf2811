/* handle-scope-mismatch__twice.c - closed in the loop's error path and once more after the loop. */
#include "addon.h"

ADDON_FRAME static void close_again(napi_env env, napi_handle_scope scope) {
  (void)napi_close_handle_scope(env, scope); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(env, &scope));
  MUST(napi_close_handle_scope(env, scope));
  close_again(env, scope);
  return NULL;
}

ADDON_EXPORTS({"run", run})
