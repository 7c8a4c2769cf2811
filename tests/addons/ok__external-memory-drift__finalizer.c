/*
 * ok__external-memory-drift__finalizer.c - each finalizer takes back what was announced for it:
 * those that run at the end of the env, too.
 */
#include "addon.h"

static void drop(napi_env env, void *data, void *hint) {
  int64_t total;
  MUST(napi_adjust_external_memory(env, -100000, &total));
  free(data);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value;
  int64_t total;
  MUST(napi_create_external(env, malloc(8), drop, NULL, &value));
  MUST(napi_adjust_external_memory(env, 100000, &total));
  return value;
}

/* Taken back by what is finalized last of all. */
static void drop_all(napi_env env, void *data, void *hint) {
  int64_t total;
  MUST(napi_adjust_external_memory(env, -5000, &total));
}

static napi_value keep(napi_env env, napi_callback_info info) {
  int64_t total;
  MUST(napi_set_instance_data(env, &total, drop_all, NULL));
  MUST(napi_adjust_external_memory(env, 5000, &total));
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"keep", keep})
