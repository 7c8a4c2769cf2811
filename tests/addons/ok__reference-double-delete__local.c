/* ok__reference-double-delete__local.c - the error path clears the variable. */
#include "addon.h"

ADDON_FRAME static void drop(napi_env env, napi_ref *reference) {
  if (*reference)
    MUST(napi_delete_reference(env, *reference));
  *reference = NULL;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  drop(env, &reference);
  drop(env, &reference);
  return NULL;
}

ADDON_EXPORTS({"run", run})
