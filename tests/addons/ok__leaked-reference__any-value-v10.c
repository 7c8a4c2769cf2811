/* ok__leaked-reference__any-value-v10.c - the same, deleted. */
#define NAPI_VERSION 10
#include "addon.h"

ADDON_FRAME static void use(napi_env env, napi_value value) {
  napi_ref reference;
  MUST(napi_create_reference(env, value, 1, &reference));
  MUST(napi_delete_reference(env, reference));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value;
  use(env, addon_number(env, 42.5));
  MUST(napi_create_string_utf8(env, "text", NAPI_AUTO_LENGTH, &value));
  use(env, value);
  return NULL;
}

ADDON_EXPORTS({"run", run})
