/* ok__unsettled-deferred__held.c - settled by a later call. */
#include "addon.h"

static napi_deferred kept;

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value result;
  MUST(napi_create_promise(env, &kept, &result));
  return result;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  MUST(napi_resolve_deferred(env, kept, addon_number(env, 1)));
  kept = NULL;
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"stop", stop})
