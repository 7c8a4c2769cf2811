/* ok__cleanup-hook-duplicate__same.c - added again after it was removed. */
#include "addon.h"

static void on_end(void *data) {}

static napi_value run(napi_env env, napi_callback_info info) {
  MUST(napi_add_env_cleanup_hook(env, on_end, NULL));
  MUST(napi_remove_env_cleanup_hook(env, on_end, NULL));
  MUST(napi_add_env_cleanup_hook(env, on_end, NULL));
  return NULL;
}

ADDON_EXPORTS({"run", run})
