/* unsettled-deferred__local.c - the error path forgets to reject: somebody awaits for ever. */
#include "addon.h"

ADDON_FRAME static napi_value promise(napi_env env) {
  napi_deferred deferred;
  napi_value result;
  MUST(napi_create_promise(env, &deferred, &result)); /* DEFECT created */
  return result;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value result = promise(env);
  addon_scrub_stack();
  return result;
}

ADDON_EXPORTS({"run", run})
