/* ok__growing-cleanup-hooks__each-call.c - added and removed with what it is for. */
#include "addon.h"

static void on_end(void *data) { free(data); }

static napi_value run(napi_env env, napi_callback_info info) {
  void *data = malloc(8);
  MUST(napi_add_env_cleanup_hook(env, on_end, data));
  MUST(napi_remove_env_cleanup_hook(env, on_end, data));
  free(data);
  return NULL;
}

ADDON_EXPORTS({"run", run})
