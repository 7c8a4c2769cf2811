/*
 * ok__calls__values.c - every function that makes, reads or converts a value, once, with its
 * answer checked.
 *
 * Most packages use a third of Node-API; a wrapper of the rest that passes a wrong argument shows
 * here only.
 */
#define NAPI_VERSION 8
#include "addon.h"

static bool is_text(napi_env env, napi_value value, const char *wanted) {
  char text[64];
  size_t length;
  MUST(napi_get_value_string_utf8(env, value, text, sizeof text, &length));
  return length == strlen(wanted) && strcmp(text, wanted) == 0;
}

static void numbers(napi_env env) {
  napi_value value;
  double as_double;
  int32_t as_int32;
  uint32_t as_uint32;
  int64_t as_int64;
  MUST(napi_create_int32(env, -5, &value));
  MUST(napi_get_value_int32(env, value, &as_int32));
  MUST_BE(as_int32 == -5);
  MUST(napi_create_uint32(env, 4000000000u, &value));
  MUST(napi_get_value_uint32(env, value, &as_uint32));
  MUST_BE(as_uint32 == 4000000000u);
  MUST(napi_create_int64(env, 1ll << 40, &value));
  MUST(napi_get_value_int64(env, value, &as_int64));
  MUST_BE(as_int64 == 1ll << 40);
  MUST(napi_create_double(env, 2.5, &value));
  MUST(napi_get_value_double(env, value, &as_double));
  MUST_BE(as_double == 2.5);
}

static void bigints(napi_env env) {
  napi_value value;
  int64_t as_int64;
  uint64_t as_uint64, words[2] = {7, 9}, read[2] = {0, 0};
  bool lossless;
  int sign = 0;
  size_t n_words = 2;
  MUST(napi_create_bigint_int64(env, -7, &value));
  MUST(napi_get_value_bigint_int64(env, value, &as_int64, &lossless));
  MUST_BE(as_int64 == -7 && lossless);
  MUST(napi_create_bigint_uint64(env, UINT64_MAX, &value));
  MUST(napi_get_value_bigint_uint64(env, value, &as_uint64, &lossless));
  MUST_BE(as_uint64 == UINT64_MAX && lossless);
  MUST(napi_create_bigint_words(env, 1, 2, words, &value));
  MUST(napi_get_value_bigint_words(env, value, &sign, &n_words, read));
  MUST_BE(sign == 1 && n_words == 2 && read[0] == 7 && read[1] == 9);
}

static void strings(napi_env env) {
  napi_value value;
  char latin1[16];
  char16_t utf16[16];
  size_t length;
  MUST(napi_create_string_latin1(env, "abc", 3, &value));
  MUST(napi_get_value_string_latin1(env, value, latin1, sizeof latin1, &length));
  MUST_BE(length == 3 && strcmp(latin1, "abc") == 0);
  MUST(napi_create_string_utf16(env, u"abcd", NAPI_AUTO_LENGTH, &value));
  MUST(napi_get_value_string_utf16(env, value, utf16, 16, &length));
  MUST_BE(length == 4 && utf16[3] == u'd');
  MUST(napi_create_string_utf8(env, "caf\xc3\xa9", NAPI_AUTO_LENGTH, &value));
  MUST(napi_get_value_string_utf8(env, value, NULL, 0, &length));
  MUST_BE(length == 5);
}

static void singletons(napi_env env) {
  napi_value value, other;
  bool flag;
  napi_valuetype type;
  MUST(napi_get_boolean(env, true, &value));
  MUST(napi_get_value_bool(env, value, &flag));
  MUST_BE(flag);
  MUST(napi_get_null(env, &value));
  MUST(napi_typeof(env, value, &type));
  MUST_BE(type == napi_null);
  MUST(napi_get_undefined(env, &value));
  MUST(napi_get_global(env, &other));
  MUST(napi_strict_equals(env, value, other, &flag));
  MUST_BE(!flag);
  MUST(napi_create_symbol(env, NULL, &value));
  MUST(napi_typeof(env, value, &type));
  MUST_BE(type == napi_symbol);
}

static void coercions(napi_env env) {
  napi_value value, result;
  bool flag;
  double number;
  MUST(napi_create_string_utf8(env, "12", NAPI_AUTO_LENGTH, &value));
  MUST(napi_coerce_to_number(env, value, &result));
  MUST(napi_get_value_double(env, result, &number));
  MUST_BE(number == 12);
  MUST(napi_coerce_to_bool(env, value, &result));
  MUST(napi_get_value_bool(env, result, &flag));
  MUST_BE(flag);
  MUST(napi_coerce_to_string(env, addon_number(env, 3), &result));
  MUST_BE(is_text(env, result, "3"));
  MUST(napi_coerce_to_object(env, value, &result));
  napi_valuetype type;
  MUST(napi_typeof(env, result, &type));
  MUST_BE(type == napi_object);
}

static void dates(napi_env env) {
  napi_value value;
  double time;
  bool is_date;
  MUST(napi_create_date(env, 86400000, &value));
  MUST(napi_is_date(env, value, &is_date));
  MUST(napi_get_date_value(env, value, &time));
  MUST_BE(is_date && time == 86400000);
}

static napi_value run(napi_env env, napi_callback_info info) {
  numbers(env);
  bigints(env);
  strings(env);
  singletons(env);
  coercions(env);
  dates(env);
  napi_value script, result;
  MUST(napi_create_string_utf8(env, "40 + 2", NAPI_AUTO_LENGTH, &script));
  MUST(napi_run_script(env, script, &result));
  return result;
}

ADDON_EXPORTS({"run", run})
