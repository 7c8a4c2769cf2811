/* ok__leaked-threadsafe-function__held.c - released by a cleanup hook. */
#include "addon.h"

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

static void on_end(void *tsfn) {
  MUST(napi_release_threadsafe_function((napi_threadsafe_function)tsfn, napi_tsfn_abort));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  napi_threadsafe_function tsfn;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &tsfn));
  MUST(napi_unref_threadsafe_function(env, tsfn));
  MUST(napi_add_env_cleanup_hook(env, on_end, tsfn));
  return NULL;
}

ADDON_EXPORTS({"run", run})
