/* stale-handle__descriptor.c - a stale value inside a property descriptor. */
#include "addon.h"

ADDON_FRAME static napi_value make_inside(napi_env env) {
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(env, &scope));
  napi_value number = addon_object(env);
  MUST(napi_close_handle_scope(env, scope)); /* AT closed */
  return number;
}

ADDON_FRAME static void define(napi_env env, napi_value object, napi_value value) {
  napi_property_descriptor property = {"x", NULL, NULL, NULL, NULL, value, napi_default, NULL};
  (void)napi_define_properties(env, object, 1, &property); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  define(env, addon_object(env), make_inside(env));
  return NULL;
}

ADDON_EXPORTS({"run", run})
