/* external-memory-drift__never-back.c - external memory is announced and never taken back. */
#include "addon.h"

ADDON_FRAME static void announce(napi_env env) {
  int64_t total;
  MUST(napi_adjust_external_memory(env, 100000, &total)); /* DEFECT used */
}

/* Of what was never announced. */
ADDON_FRAME static void take_back(napi_env env) {
  int64_t total;
  MUST(napi_adjust_external_memory(env, -2500, &total));
}

static napi_value run(napi_env env, napi_callback_info info) {
  announce(env);
  take_back(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
