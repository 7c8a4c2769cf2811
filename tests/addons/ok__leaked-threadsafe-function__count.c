/* ok__leaked-threadsafe-function__count.c - acquired and released in pairs, the last one aborts. */
#include "addon.h"

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

static void on_gone(napi_env env, void *data, void *hint) { *(int *)data = 2; }

static int state = 1;

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  napi_threadsafe_function tsfn;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 2, &state, on_gone, NULL, call_js,
                                       &tsfn));
  MUST(napi_acquire_threadsafe_function(tsfn));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_abort));
  return NULL;
}

ADDON_EXPORTS({"run", run})
