/* ok__leaked-reference__held-thread-local.c - the same, deleted on request. */
#include "addon.h"

static __thread napi_ref callback;

static napi_value run(napi_env env, napi_callback_info info) {
  MUST(napi_create_reference(env, addon_object(env), 1, &callback));
  return NULL;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  MUST(napi_delete_reference(env, callback));
  callback = NULL;
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"stop", stop})
