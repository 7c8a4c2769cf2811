/* ok__reference-double-delete__reused.c - two references in turn, each deleted once. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref first, second;
  MUST(napi_create_reference(env, addon_object(env), 1, &first));
  MUST(napi_delete_reference(env, first));
  MUST(napi_create_reference(env, addon_object(env), 1, &second));
  MUST(napi_delete_reference(env, second));
  return NULL;
}

ADDON_EXPORTS({"run", run})
