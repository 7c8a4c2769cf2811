/* stale-handle__returned.c - the value returned to JavaScript belongs to a scope that is closed. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) { /* DEFECT used */
  napi_handle_scope scope;
  napi_value object;
  MUST(napi_open_handle_scope(env, &scope));
  MUST(napi_create_object(env, &object));
  MUST(napi_close_handle_scope(env, scope)); /* AT closed */
  return object;
}

ADDON_EXPORTS({"run", run})
