/* ok__unclosed-handle-scope__finalizer.c - a finalizer with a scope that it closes. */
#include "addon.h"

static void on_collected(napi_env env, void *data, void *hint) {
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(env, &scope));
  MUST(napi_close_handle_scope(env, scope));
  free(data);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value external;
  MUST(napi_create_external(env, malloc(1), on_collected, NULL, &external));
  return NULL;
}

ADDON_EXPORTS({"run", run})
