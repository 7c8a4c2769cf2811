/* ok__reference-use-after-delete__value.c - asked for first, deleted then. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  napi_value value = NULL;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  MUST(napi_get_reference_value(env, reference, &value));
  MUST_BE(value != NULL);
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

ADDON_EXPORTS({"run", run})
