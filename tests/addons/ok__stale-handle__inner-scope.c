/*
 * ok__stale-handle__inner-scope.c - the value is escaped to the outer scope, from two scopes deep.
 */
#include "addon.h"

ADDON_FRAME static napi_value make_inside(napi_env env, int depth) {
  napi_escapable_handle_scope scope;
  napi_value outer;
  MUST(napi_open_escapable_handle_scope(env, &scope));
  napi_value object = depth > 0 ? make_inside(env, depth - 1) : addon_object(env);
  MUST(napi_escape_handle(env, scope, object, &outer));
  MUST(napi_close_escapable_handle_scope(env, scope));
  return outer;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = make_inside(env, 3);
  MUST(napi_set_named_property(env, object, "x", object));
  /* Values of an outer scope are good in any inner one. */
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(env, &scope));
  MUST(napi_set_named_property(env, object, "y", addon_number(env, 1)));
  MUST(napi_close_handle_scope(env, scope));
  return object;
}

ADDON_EXPORTS({"run", run})
