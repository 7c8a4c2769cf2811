/* deferred-settled-twice__both.c - resolved, then rejected by the error path. */
#include "addon.h"

ADDON_FRAME static void resolve(napi_env env, napi_deferred deferred) {
  MUST(napi_resolve_deferred(env, deferred, addon_number(env, 1))); /* AT first */
}

ADDON_FRAME static void reject(napi_env env, napi_deferred deferred) {
  (void)napi_reject_deferred(env, deferred, addon_number(env, 2)); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_deferred deferred;
  napi_value result;
  MUST(napi_create_promise(env, &deferred, &result)); /* AT created */
  resolve(env, deferred);
  reject(env, deferred);
  return result;
}

ADDON_EXPORTS({"run", run})
