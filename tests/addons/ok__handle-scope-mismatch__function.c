/* ok__handle-scope-mismatch__function.c - each kind closed by its own function. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_escapable_handle_scope scope;
  napi_value value;
  MUST(napi_open_escapable_handle_scope(env, &scope));
  MUST(napi_escape_handle(env, scope, addon_object(env), &value));
  MUST(napi_close_escapable_handle_scope(env, scope));
  return value;
}

ADDON_EXPORTS({"run", run})
