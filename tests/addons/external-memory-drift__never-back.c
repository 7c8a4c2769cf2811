/* external-memory-drift__never-back.c - external memory is announced and never taken back. */
#include "addon.h"

ADDON_FRAME static void announce(napi_env env) {
  int64_t total;
  MUST(napi_adjust_external_memory(env, 100000, &total)); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  announce(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
