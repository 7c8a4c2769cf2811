/* growing-cleanup-hooks__each-call.c - a hook is added with each call and none is ever removed. */
#include "addon.h"

static void on_end(void *data) { free(data); }

ADDON_FRAME static void add_hook(napi_env env) {
  MUST(napi_add_env_cleanup_hook(env, on_end, malloc(8))); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  add_hook(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
