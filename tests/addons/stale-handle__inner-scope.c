/* stale-handle__inner-scope.c - a value of an inner scope is used after the scope was closed. */
#include "addon.h"

ADDON_FRAME static napi_value make_inside(napi_env env) {
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(env, &scope));
  napi_value object = addon_object(env);
  MUST(napi_close_handle_scope(env, scope)); /* AT closed */
  return object;
}

ADDON_FRAME static void use_outside(napi_env env, napi_value object) {
  napi_valuetype type;
  (void)napi_typeof(env, object, &type); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  use_outside(env, make_inside(env));
  return NULL;
}

ADDON_EXPORTS({"run", run})
