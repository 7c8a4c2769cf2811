/* ok__reference-count-underflow__twice.c - down to 0, up again, down again. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  uint32_t count = 9;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  MUST(napi_reference_unref(env, reference, &count));
  MUST_BE(count == 0);
  MUST(napi_reference_ref(env, reference, &count));
  MUST_BE(count == 1);
  MUST(napi_reference_unref(env, reference, &count));
  MUST_BE(count == 0);
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

ADDON_EXPORTS({"run", run})
