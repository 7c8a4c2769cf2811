/*
 * instance-data-replaced__twice.c - instance data is set over earlier data, whose finalizer will
 * never run.
 */
#include "addon.h"

static void drop(napi_env env, void *data, void *hint) { free(data); }

ADDON_FRAME static void set_again(napi_env env) {
  MUST(napi_set_instance_data(env, malloc(8), drop, NULL)); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  MUST(napi_set_instance_data(env, malloc(8), drop, NULL));
  set_again(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
