/* ok__threadsafe-function-use-after-release__no-finalizer.c - called, then released. */
#include "addon.h"

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  napi_threadsafe_function tsfn;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &tsfn));
  MUST(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  return NULL;
}

ADDON_EXPORTS({"run", run})
