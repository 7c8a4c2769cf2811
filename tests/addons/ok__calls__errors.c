/*
 * ok__calls__errors.c - errors made and thrown in all ways, taken, and the last error's
 * information.
 */
#define NAPI_VERSION 9
#include "addon.h"

static napi_value text(napi_env env, const char *chars) {
  napi_value value;
  MUST(napi_create_string_utf8(env, chars, NAPI_AUTO_LENGTH, &value));
  return value;
}

static void take(napi_env env) {
  napi_value exception;
  bool flag;
  MUST(napi_is_exception_pending(env, &flag));
  MUST_BE(flag);
  MUST(napi_get_and_clear_last_exception(env, &exception));
  MUST(napi_is_error(env, exception, &flag));
  MUST_BE(flag);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value code = text(env, "E_CODE"), message = text(env, "message"), error;
  const napi_extended_error_info *last;
  double number;
  MUST(napi_create_error(env, code, message, &error));
  MUST(napi_throw(env, error));
  take(env);
  MUST(napi_create_type_error(env, code, message, &error));
  MUST(napi_create_range_error(env, NULL, message, &error));
  MUST(node_api_create_syntax_error(env, code, message, &error));
  MUST(napi_throw_error(env, "E_CODE", "message"));
  take(env);
  MUST(napi_throw_type_error(env, "E_CODE", "message"));
  take(env);
  MUST(napi_throw_range_error(env, NULL, "message"));
  take(env);
  MUST(node_api_throw_syntax_error(env, NULL, "message"));
  take(env);
  /* What a failed call left is there for the next question, and for as long as nothing else was
   * called. */
  MUST_BE(napi_get_value_double(env, message, &number) == napi_number_expected);
  MUST(napi_get_last_error_info(env, &last));
  MUST_BE(last->error_code == napi_number_expected && last->error_message != NULL);
  MUST(napi_get_last_error_info(env, &last));
  MUST_BE(last->error_code == napi_number_expected);
  return NULL;
}

ADDON_EXPORTS({"run", run})
