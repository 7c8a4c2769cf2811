/*
 * ok__calls__numbers.c - numbers and constants as every function that reads them says they are, in
 * the callback that asked for its arguments: what napicheck answers itself has to be what the
 * runtime would.
 */
#include "addon.h"

#include <math.h>

/* What the language says of a number that is converted. */
static uint32_t modulo(double number) {
  return isfinite(number) ? (uint32_t)(int64_t)fmod(trunc(number), 4294967296.0) : 0;
}

static void check_last_error(napi_env env, napi_status wanted) {
  const napi_extended_error_info *info;
  MUST(napi_get_last_error_info(env, &info));
  MUST_BE(info->error_code == wanted);
}

static void check_number(napi_env env, napi_value value, double number) {
  napi_valuetype type;
  double as_double;
  int32_t as_int32;
  uint32_t as_uint32;
  int64_t as_int64;
  bool flag;
  MUST(napi_typeof(env, value, &type));
  MUST_BE(type == napi_number);
  MUST(napi_get_value_double(env, value, &as_double));
  MUST_BE(as_double == number && signbit(as_double) == signbit(number));
  MUST(napi_get_value_int32(env, value, &as_int32));
  MUST_BE(as_int32 == (int32_t)modulo(number));
  MUST(napi_get_value_uint32(env, value, &as_uint32));
  MUST_BE(as_uint32 == modulo(number));
  MUST(napi_get_value_int64(env, value, &as_int64));
  MUST_BE(as_int64 == (int64_t)number);
  check_last_error(env, napi_ok);
  MUST_BE(napi_get_value_bool(env, value, &flag) == napi_boolean_expected);
  check_last_error(env, napi_boolean_expected);
  MUST(napi_get_value_int32(env, value, &as_int32));
  MUST_BE(as_int32 == (int32_t)modulo(number));
  check_last_error(env, napi_ok);
  MUST_BE(napi_get_value_int32(env, value, NULL) == napi_invalid_arg);
  MUST_BE(napi_typeof(env, value, NULL) == napi_invalid_arg);
  check_last_error(env, napi_invalid_arg);
}

/* What is no number is refused; Deno converts some. The script prints how often it was. */
static _Thread_local int32_t n_refused;

static void check_others(napi_env env, napi_value value) {
  napi_valuetype type;
  double as_double;
  int32_t as_int32;
  uint32_t as_uint32;
  int64_t as_int64;
  MUST(napi_typeof(env, value, &type));
  MUST_BE(type != napi_number);
  napi_status statuses[] = {
      napi_get_value_int32(env, value, &as_int32), napi_get_value_uint32(env, value, &as_uint32),
      napi_get_value_int64(env, value, &as_int64), napi_get_value_double(env, value, &as_double)};
  for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
    MUST_BE(statuses[i] == napi_number_expected || statuses[i] == napi_ok);
    n_refused += statuses[i] == napi_number_expected;
  }
  MUST_BE(statuses[3] == napi_number_expected);
  check_last_error(env, napi_number_expected);
}

static void check_constants(napi_env env) {
  napi_value value;
  napi_valuetype type;
  bool flag;
  MUST(napi_get_undefined(env, &value));
  MUST(napi_typeof(env, value, &type));
  MUST_BE(type == napi_undefined);
  MUST(napi_get_null(env, &value));
  MUST(napi_typeof(env, value, &type));
  MUST_BE(type == napi_null);
  for (int i = 0; i < 2; i++) {
    MUST(napi_get_boolean(env, i != 0, &value));
    MUST(napi_get_value_bool(env, value, &flag));
    MUST_BE(flag == (i != 0));
  }
  MUST_BE(napi_get_undefined(env, NULL) == napi_invalid_arg);
  MUST_BE(napi_get_boolean(env, true, NULL) == napi_invalid_arg);
  check_last_error(env, napi_invalid_arg);
}

static const double numbers[] = {0,
                                 1,
                                 -1,
                                 2,
                                 -2,
                                 1073741823,
                                 1073741824,
                                 -1073741824,
                                 2147483647,
                                 -2147483648.0,
                                 2147483648,
                                 4294967295,
                                 4294967296,
                                 -0.0,
                                 0.5,
                                 -2.75,
                                 1099511627776,
                                 1e15,
                                 255,
                                 65536};

/* check(number, not a number): with what it got, and with what it makes. */
static napi_value check(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3], value;
  double number;
  MUST(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  MUST_BE(argc == 2);
  MUST(napi_get_value_double(env, argv[0], &number));
  check_number(env, argv[0], number);
  check_others(env, argv[1]);
  check_others(env, argv[2]);
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    MUST(napi_create_double(env, numbers[i], &value));
    check_number(env, value, numbers[i]);
  }
  for (int32_t i = -20; i < 20; i++) {
    MUST(napi_create_int32(env, i * 7919, &value));
    check_number(env, value, i * 7919);
    check_constants(env);
    MUST(napi_create_uint32(env, (uint32_t)i, &value));
    check_number(env, value, (uint32_t)i);
  }
  return argv[0];
}

static napi_value refused(napi_env env, napi_callback_info info) {
  return addon_number(env, n_refused);
}

ADDON_EXPORTS({"check", check}, {"refused", refused})
