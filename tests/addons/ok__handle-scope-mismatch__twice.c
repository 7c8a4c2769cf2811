/* ok__handle-scope-mismatch__twice.c - one variable, opened and closed a thousand times. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  for (int i = 0; i < 1000; i++) {
    napi_handle_scope scope;
    MUST(napi_open_handle_scope(env, &scope));
    addon_object(env);
    MUST(napi_close_handle_scope(env, scope));
  }
  return NULL;
}

ADDON_EXPORTS({"run", run})
