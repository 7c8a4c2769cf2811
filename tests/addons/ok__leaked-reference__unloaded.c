/* ok__leaked-reference__unloaded.c - loaded and unmapped with each worker, nothing left behind. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

ADDON_EXPORTS({"run", run})
