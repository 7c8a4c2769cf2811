/* ok__reference-use-after-delete__finalizer.c - the finalizer is the one that deletes it. */
#include "addon.h"

static void on_collected(napi_env env, void *data, void *hint) {
  MUST(napi_delete_reference(env, (napi_ref)data));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  napi_value external;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  MUST(napi_create_external(env, reference, on_collected, NULL, &external));
  return NULL;
}

ADDON_EXPORTS({"run", run})
