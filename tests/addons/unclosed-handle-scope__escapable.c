/* unclosed-handle-scope__escapable.c - an escapable scope is left open when the callback throws. */
#include "addon.h"

ADDON_FRAME static void parse(napi_env env) {
  napi_escapable_handle_scope scope;
  MUST(napi_open_escapable_handle_scope(env, &scope)); /* DEFECT opened */
  napi_throw_error(env, NULL, "cannot parse");
}

static napi_value run(napi_env env, napi_callback_info info) {
  parse(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
