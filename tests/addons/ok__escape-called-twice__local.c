/* ok__escape-called-twice__local.c - two values in one array, which is escaped. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_escapable_handle_scope scope;
  napi_value array, escaped;
  MUST(napi_open_escapable_handle_scope(env, &scope));
  MUST(napi_create_array_with_length(env, 2, &array));
  MUST(napi_set_element(env, array, 0, addon_object(env)));
  MUST(napi_set_element(env, array, 1, addon_object(env)));
  MUST(napi_escape_handle(env, scope, array, &escaped));
  MUST(napi_close_escapable_handle_scope(env, scope));
  return escaped;
}

ADDON_EXPORTS({"run", run})
