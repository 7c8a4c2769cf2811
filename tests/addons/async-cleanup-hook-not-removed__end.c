/*
 * async-cleanup-hook-not-removed__end.c - the hook ran, and its handle was never removed: the env
 * cannot end in order.
 */
#include "addon.h"

ADDON_FRAME static void on_end(napi_async_cleanup_hook_handle handle, void *arg) {}

ADDON_FRAME static void add_hook(napi_env env) {
  MUST(napi_add_async_cleanup_hook(env, on_end, NULL, NULL)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  add_hook(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
