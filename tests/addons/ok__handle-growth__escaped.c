/*
 * ok__handle-growth__escaped.c - the same, a thousand to a scope; and conversions that make no
 * handle.
 */
#include "addon.h"

ADDON_FRAME static void make_one(napi_env env) {
  napi_escapable_handle_scope scope;
  napi_value escaped;
  MUST(napi_open_escapable_handle_scope(env, &scope));
  MUST(napi_escape_handle(env, scope, addon_object(env), &escaped));
  MUST(napi_close_escapable_handle_scope(env, scope));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_handle_scope scope;
  for (int i = 0; i < 120; i++) {
    MUST(napi_open_handle_scope(env, &scope));
    for (int k = 0; k < 1000; k++)
      make_one(env);
    MUST(napi_close_handle_scope(env, scope));
  }
  napi_value text, converted;
  MUST(napi_create_string_utf8(env, "text", NAPI_AUTO_LENGTH, &text));
  for (int i = 0; i < 120000; i++) {
    MUST(napi_coerce_to_string(env, text, &converted));
    MUST(napi_coerce_to_bool(env, text, &converted));
  }
  return NULL;
}

ADDON_EXPORTS({"run", run})
