/*
 * finalizer-never-ran__worker.c - an external that lives as long as its worker.
 *
 * Node finalizes it when the worker's env ends; Deno ends the env and forgets it.
 */
#include "addon.h"

static void drop(napi_env env, void *data, void *hint) { free(data); }

ADDON_FRAME static napi_value make(napi_env env) {
  napi_value value;
  MUST(napi_create_external(env, malloc(64), drop, NULL, &value)); /* DEFECT created */
  return value;
}

static napi_value run(napi_env env, napi_callback_info info) { return make(env); }

ADDON_EXPORTS({"run", run})
