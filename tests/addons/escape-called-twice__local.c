/* escape-called-twice__local.c - two values are escaped from one scope. */
#include "addon.h"

ADDON_FRAME static void escape_second(napi_env env, napi_escapable_handle_scope scope) {
  napi_value second = NULL;
  (void)napi_escape_handle(env, scope, addon_object(env), &second); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_escapable_handle_scope scope;
  napi_value first;
  MUST(napi_open_escapable_handle_scope(env, &scope)); /* AT opened */
  MUST(napi_escape_handle(env, scope, addon_object(env), &first));
  escape_second(env, scope);
  MUST(napi_close_escapable_handle_scope(env, scope));
  return first;
}

ADDON_EXPORTS({"run", run})
