/* stale-handle__no-value.c - a reference, and a scope, where a value has to be. */
#include "addon.h"

ADDON_FRAME static void use_reference(napi_env env, napi_ref reference) {
  napi_valuetype type;
  (void)napi_typeof(env, (napi_value)reference, &type); /* DEFECT used */
}

ADDON_FRAME static void pass_scope(napi_env env, napi_value function, napi_handle_scope scope) {
  napi_value undefined, argv[1] = {(napi_value)scope};
  MUST(napi_get_undefined(env, &undefined));
  (void)napi_call_function(env, undefined, function, 1, argv, NULL); /* DEFECT scope */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value function = addon_argument(env, info);
  napi_ref reference;
  napi_handle_scope scope;
  MUST(napi_create_reference(env, function, 0, &reference));
  MUST(napi_open_handle_scope(env, &scope));
  use_reference(env, reference);
  pass_scope(env, function, scope);
  MUST(napi_close_handle_scope(env, scope));
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

ADDON_EXPORTS({"run", run})
