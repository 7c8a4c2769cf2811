/*
 * ok__cleanup-hook-duplicate__async.c - one asynchronous hook for two arguments, and again for one
 * of them when it was removed.
 */
#include "addon.h"

static napi_async_cleanup_hook_handle handles[2];

static void on_end(napi_async_cleanup_hook_handle handle, void *data) {
  MUST(napi_remove_async_cleanup_hook(handle));
}

static napi_value run(napi_env env, napi_callback_info info) {
  for (int i = 0; i < 2; i++)
    MUST(napi_add_async_cleanup_hook(env, on_end, &handles[i], &handles[i]));
  MUST(napi_remove_async_cleanup_hook(handles[1]));
  MUST(napi_add_async_cleanup_hook(env, on_end, &handles[1], &handles[1]));
  return NULL;
}

ADDON_EXPORTS({"run", run})
