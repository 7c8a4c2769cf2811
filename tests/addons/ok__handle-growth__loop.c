/* ok__handle-growth__loop.c - the same loop with a scope for each thousand. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  for (int i = 0; i < 150; i++) {
    napi_handle_scope scope;
    MUST(napi_open_handle_scope(env, &scope));
    for (int k = 0; k < 1000; k++)
      addon_object(env);
    MUST(napi_close_handle_scope(env, scope));
  }
  return NULL;
}

ADDON_EXPORTS({"run", run})
