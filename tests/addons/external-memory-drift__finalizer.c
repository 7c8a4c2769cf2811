/*
 * external-memory-drift__finalizer.c - what is announced for each external is more than its
 * finalizer takes back.
 */
#include "addon.h"

ADDON_FRAME static void drop(napi_env env, void *data, void *hint) {
  int64_t total;
  MUST(napi_adjust_external_memory(env, -60000, &total));
  free(data);
}

ADDON_FRAME static void announce(napi_env env) {
  int64_t total;
  MUST(napi_adjust_external_memory(env, 100000, &total)); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value;
  MUST(napi_create_external(env, malloc(8), drop, NULL, &value));
  announce(env);
  return value;
}

ADDON_EXPORTS({"run", run})
