/*
 * cleanup-hook-duplicate__same.c - the same hook with the same argument twice: the runtime aborts.
 */
#include "addon.h"

static void on_end(void *data) {}

ADDON_FRAME static void add_again(napi_env env) {
  (void)napi_add_env_cleanup_hook(env, on_end, NULL); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  MUST(napi_add_env_cleanup_hook(env, on_end, NULL)); /* AT first */
  add_again(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
