/* ok__leaked-reference__any-value.c - the same values, each reference deleted. */
#define ADDON_EXPERIMENTAL
#include "addon.h"

ADDON_FRAME static void use(napi_env env, napi_value value) {
  napi_ref reference;
  MUST(napi_create_reference(env, value, 1, &reference));
  napi_value again = NULL;
  MUST(napi_get_reference_value(env, reference, &again));
  bool is_same = false;
  MUST(napi_strict_equals(env, value, again, &is_same));
  MUST_BE(is_same);
  MUST(napi_delete_reference(env, reference));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value;
  use(env, addon_number(env, 42.5));
  MUST(napi_create_string_utf8(env, "text", NAPI_AUTO_LENGTH, &value));
  use(env, value);
  MUST(napi_get_undefined(env, &value));
  use(env, value);
  MUST(napi_get_null(env, &value));
  use(env, value);
  MUST(napi_get_boolean(env, true, &value));
  use(env, value);
  MUST(napi_create_bigint_int64(env, -1, &value));
  use(env, value);
  return NULL;
}

ADDON_EXPORTS({"run", run})
