/*
 * leaked-reference__no-javascript.c - references lost where no JavaScript stack can be taken: with
 * an exception pending, and in a finalizer.
 */
#include "addon.h"

ADDON_FRAME static void keep_pending(napi_env env, napi_value value) {
  napi_ref reference;
  MUST(napi_create_reference(env, value, 1, &reference)); /* DEFECT created */
}

ADDON_FRAME static void keep_finalized(napi_env env) {
  napi_ref reference;
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(env, &scope));
  MUST(napi_create_reference(env, addon_object(env), 1, &reference)); /* AT finalized */
  MUST(napi_close_handle_scope(env, scope));
}

/* Calls a function that throws, and goes on to what is allowed then. */
static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env), result;
  napi_status status = napi_call_function(env, object, addon_argument(env, info), 0, NULL, &result);
  MUST_BE(status == napi_pending_exception);
  keep_pending(env, object);
  addon_scrub_stack();
  return NULL;
}

static void on_collected(napi_env env, void *data, void *hint) {
  keep_finalized(env);
  addon_scrub_stack();
}

static napi_value make(napi_env env, napi_callback_info info) {
  napi_value external;
  MUST(napi_create_external(env, &external, on_collected, NULL, &external));
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"make", make})
