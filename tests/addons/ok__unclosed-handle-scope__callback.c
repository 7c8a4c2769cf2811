/* ok__unclosed-handle-scope__callback.c - closed on every path. */
#include "addon.h"

ADDON_FRAME static int walk(napi_env env, int is_early) {
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(env, &scope));
  int result = is_early ? 1 : 0;
  MUST(napi_close_handle_scope(env, scope));
  return result;
}

static napi_value run(napi_env env, napi_callback_info info) {
  return addon_number(env, walk(env, 1) + walk(env, 0));
}

ADDON_EXPORTS({"run", run})
