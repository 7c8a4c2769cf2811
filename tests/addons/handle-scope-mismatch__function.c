/* handle-scope-mismatch__function.c - an escapable scope is closed as a plain one. */
#include "addon.h"

ADDON_FRAME static void close_as_plain(napi_env env, void *scope) {
  (void)napi_close_handle_scope(env, (napi_handle_scope)scope); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_escapable_handle_scope scope;
  MUST(napi_open_escapable_handle_scope(env, &scope)); /* AT opened */
  close_as_plain(env, scope);
  return NULL;
}

ADDON_EXPORTS({"run", run})
