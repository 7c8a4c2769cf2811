/*
 * ok__async-cleanup-hook-not-removed__end.c - removed by the hook itself; another one before it
 * ran.
 */
#include "addon.h"

static void on_end(napi_async_cleanup_hook_handle handle, void *arg) {
  MUST(napi_remove_async_cleanup_hook(handle));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_async_cleanup_hook_handle handle;
  MUST(napi_add_async_cleanup_hook(env, on_end, NULL, NULL));
  MUST(napi_add_async_cleanup_hook(env, on_end, &handle, &handle));
  MUST(napi_remove_async_cleanup_hook(handle));
  return NULL;
}

ADDON_EXPORTS({"run", run})
