/*
 * ok__cleanup-hook-unknown__never.c - the same function with two arguments: two hooks, each
 * removed.
 */
#include "addon.h"

static int first, second;

static void on_end(void *data) {}

static napi_value run(napi_env env, napi_callback_info info) {
  MUST(napi_add_env_cleanup_hook(env, on_end, &first));
  MUST(napi_add_env_cleanup_hook(env, on_end, &second));
  MUST(napi_remove_env_cleanup_hook(env, on_end, &first));
  MUST(napi_remove_env_cleanup_hook(env, on_end, &second));
  return NULL;
}

ADDON_EXPORTS({"run", run})
