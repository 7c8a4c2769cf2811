/*
 * ok__pending-exception-ignored__call.c - the status is looked at, the exception taken or let
 * through.
 */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env), function = addon_argument(env, info), undefined, exception;
  MUST(napi_get_undefined(env, &undefined));
  napi_status status = napi_call_function(env, undefined, function, 0, NULL, NULL);
  bool is_pending = false;
  MUST(napi_is_exception_pending(env, &is_pending));
  MUST_BE(status == napi_pending_exception && is_pending);
  MUST(napi_get_and_clear_last_exception(env, &exception));
  MUST(napi_set_named_property(env, object, "x", exception));
  return NULL;
}

/* With an exception pending an addon may clean up and return. */
static napi_value pass(napi_env env, napi_callback_info info) {
  napi_value function = addon_argument(env, info), undefined;
  napi_handle_scope scope;
  napi_ref reference;
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_create_reference(env, function, 1, &reference));
  MUST(napi_open_handle_scope(env, &scope));
  MUST_BE(napi_call_function(env, undefined, function, 0, NULL, NULL) == napi_pending_exception);
  MUST(napi_close_handle_scope(env, scope));
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"pass", pass})
