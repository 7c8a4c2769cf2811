/*
 * ok__finalizer-after-owner__hook.c - what a hook has freed comes back from malloc and is handed
 * over anew.
 *
 * Equal addresses are chance here; the finalizer's data is alive.
 */
#include "addon.h"

static void on_end(void *session) { free(session); }

static void on_collected(napi_env env, void *data, void *hint) {
  MUST_BE(*(int *)data == 77);
  free(data);
}

static napi_value run(napi_env env, napi_callback_info info) {
  void *first = malloc(40);
  int *second;
  napi_value object = addon_object(env);
  MUST(napi_add_env_cleanup_hook(env, on_end, first));
  MUST(napi_remove_env_cleanup_hook(env, on_end, first));
  free(first);
  second = (int *)malloc(40);
  *second = 77;
  MUST(napi_wrap(env, object, second, on_collected, second, NULL));
  return object;
}

ADDON_EXPORTS({"run", run})
