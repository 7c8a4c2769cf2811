/*
 * ok__handle-scope-mismatch__order.c - a hundred scopes of both kinds, closed in the reverse
 * order.
 */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_handle_scope plain[50];
  napi_escapable_handle_scope escapable[50];
  for (int i = 0; i < 50; i++) {
    MUST(napi_open_handle_scope(env, &plain[i]));
    MUST(napi_open_escapable_handle_scope(env, &escapable[i]));
    addon_object(env);
  }
  for (int i = 49; i >= 0; i--) {
    MUST(napi_close_escapable_handle_scope(env, escapable[i]));
    MUST(napi_close_handle_scope(env, plain[i]));
  }
  return NULL;
}

ADDON_EXPORTS({"run", run})
