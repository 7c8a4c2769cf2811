/*
 * cleanup-hook-duplicate__async.c - the same asynchronous cleanup hook is added twice with the same
 * argument: Node runs both, Bun stops the process.
 */
#include "addon.h"

static napi_async_cleanup_hook_handle handles[2];

static void on_end(napi_async_cleanup_hook_handle handle, void *data) {
  MUST(napi_remove_async_cleanup_hook(handle));
}

ADDON_FRAME static void add_again(napi_env env) {
  MUST(napi_add_async_cleanup_hook(env, on_end, NULL, &handles[1])); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  MUST(napi_add_async_cleanup_hook(env, on_end, NULL, &handles[0])); /* AT first */
  add_again(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
