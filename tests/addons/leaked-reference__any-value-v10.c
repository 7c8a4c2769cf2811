/* leaked-reference__any-value-v10.c - Node-API version 10 made references to any value stable. */
#define NAPI_VERSION 10
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
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
