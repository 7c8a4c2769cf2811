/* ok__finalizer-never-ran__worker.c - an external array buffer, which every runtime finalizes. */
#include "addon.h"

static void drop(napi_env env, void *data, void *hint) { free(data); }

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value;
  MUST(napi_create_external_arraybuffer(env, malloc(64), 64, drop, NULL, &value));
  return value;
}

ADDON_EXPORTS({"run", run})
