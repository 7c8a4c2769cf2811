/* cleanup-hook-unknown__never.c - a hook is removed that was never added. */
#include "addon.h"

static void on_end(void *data) {}

ADDON_FRAME static void remove_hook(napi_env env) {
  (void)napi_remove_env_cleanup_hook(env, on_end, NULL); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  remove_hook(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
