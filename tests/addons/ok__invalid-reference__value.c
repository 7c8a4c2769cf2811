/* ok__invalid-reference__value.c - the reference itself goes by way of the void pointer. */
#include "addon.h"

ADDON_FRAME static void use(napi_env env, void *user_data) {
  uint32_t count = 0;
  MUST(napi_reference_ref(env, (napi_ref)user_data, &count));
  MUST_BE(count == 1);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 0, &reference));
  use(env, reference);
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

ADDON_EXPORTS({"run", run})
