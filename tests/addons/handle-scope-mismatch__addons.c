/*
 * handle-scope-mismatch__addons.c - a scope goes from one addon to another, which closes it with an
 * env of its own.
 *
 * The driver loads this one and a copy of it; give() calls JavaScript, which calls the copy's
 * take().
 */
#include "addon.h"

static napi_value give(napi_env env, napi_callback_info info) {
  napi_value function = addon_argument(env, info), undefined, argument;
  napi_handle_scope scope;
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_open_handle_scope(env, &scope));
  argument = addon_pointer_out(env, scope);
  MUST(napi_call_function(env, undefined, function, 1, &argument, NULL));
  MUST(napi_close_handle_scope(env, scope));
  return NULL;
}

ADDON_FRAME static void close_foreign(napi_env env, napi_handle_scope scope) {
  (void)napi_close_handle_scope(env, scope); /* DEFECT used */
}

static napi_value take(napi_env env, napi_callback_info info) {
  close_foreign(env, (napi_handle_scope)addon_pointer_in(env, info));
  return NULL;
}

ADDON_EXPORTS({"give", give}, {"take", take})
