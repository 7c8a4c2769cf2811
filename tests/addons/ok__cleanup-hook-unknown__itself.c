/* ok__cleanup-hook-unknown__itself.c - a hook that takes itself back while it runs. */
#include "addon.h"

ADDON_FRAME static void on_end(void *env) {
  (void)napi_remove_env_cleanup_hook((napi_env)env, on_end, env); /* AT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  MUST(napi_add_env_cleanup_hook(env, on_end, env));
  return NULL;
}

ADDON_EXPORTS({"run", run})
