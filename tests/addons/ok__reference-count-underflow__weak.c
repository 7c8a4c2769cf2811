/* ok__reference-count-underflow__weak.c - weak from the start, made strong and weak in pairs. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 0, &reference));
  MUST(napi_reference_ref(env, reference, NULL));
  MUST(napi_reference_unref(env, reference, NULL));
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

ADDON_EXPORTS({"run", run})
