/*
 * leaked-reference__any-value.c - numbers, strings, undefined: an experimental module may refer to
 * any value.
 */
#define ADDON_EXPERIMENTAL
#include "addon.h"

ADDON_FRAME static void lose(napi_env env, napi_value value) {
  napi_ref reference;
  MUST(napi_create_reference(env, value, 1, &reference)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value;
  lose(env, addon_number(env, 42.5));
  MUST(napi_create_string_utf8(env, "text", NAPI_AUTO_LENGTH, &value));
  lose(env, value);
  MUST(napi_get_undefined(env, &value));
  lose(env, value);
  MUST(napi_get_null(env, &value));
  lose(env, value);
  MUST(napi_get_boolean(env, true, &value));
  lose(env, value);
  MUST(napi_create_bigint_int64(env, -1, &value));
  lose(env, value);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
