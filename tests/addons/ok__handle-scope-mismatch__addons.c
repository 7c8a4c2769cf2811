/*
 * ok__handle-scope-mismatch__addons.c - each of two addons opens and closes scopes of its own,
 * while one of the other's is open.
 */
#include "addon.h"

static napi_value give(napi_env env, napi_callback_info info) {
  napi_value function = addon_argument(env, info), undefined;
  napi_handle_scope scope;
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_open_handle_scope(env, &scope));
  MUST(napi_call_function(env, undefined, function, 0, NULL, NULL));
  MUST(napi_close_handle_scope(env, scope));
  return NULL;
}

static napi_value take(napi_env env, napi_callback_info info) {
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(env, &scope));
  addon_object(env);
  MUST(napi_close_handle_scope(env, scope));
  return NULL;
}

ADDON_EXPORTS({"give", give}, {"take", take})
