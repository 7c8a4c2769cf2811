/* handle-scope-mismatch__order.c - the outer scope is closed before the inner one. */
#include "addon.h"

ADDON_FRAME static void open_outer(napi_env env, napi_handle_scope *scope) {
  MUST(napi_open_handle_scope(env, scope)); /* AT opened */
}

ADDON_FRAME static void open_inner(napi_env env, napi_handle_scope *scope) {
  MUST(napi_open_handle_scope(env, scope));
}

ADDON_FRAME static void close_outer(napi_env env, napi_handle_scope scope) {
  (void)napi_close_handle_scope(env, scope); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_handle_scope outer, inner;
  open_outer(env, &outer);
  open_inner(env, &inner);
  close_outer(env, outer);
  (void)napi_close_handle_scope(env, inner);
  return NULL;
}

ADDON_EXPORTS({"run", run})
