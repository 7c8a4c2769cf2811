/*
 * finalizer-gc-unsafe__scope.c - a basic finalizer that only opens a handle scope: the runtime
 * aborts on that, too.
 */
#define ADDON_EXPERIMENTAL
#include "addon.h"

ADDON_FRAME static void on_collected(node_api_basic_env env, void *data, void *hint) {
  napi_handle_scope scope;
  napi_open_handle_scope((napi_env)env, &scope); /* DEFECT used */
  free(data);
  napi_close_handle_scope((napi_env)env, scope);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value external;
  MUST(napi_create_external(env, malloc(8), on_collected, NULL, &external));
  return NULL;
}

ADDON_EXPORTS({"run", run})
