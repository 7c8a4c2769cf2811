/* ok__external-memory-drift__never-back.c - what is announced is taken back. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  int64_t total;
  MUST(napi_adjust_external_memory(env, 100000, &total));
  MUST(napi_adjust_external_memory(env, -60000, &total));
  MUST(napi_adjust_external_memory(env, -40000, &total));
  return NULL;
}

ADDON_EXPORTS({"run", run})
