/*
 * threadsafe-function-use-after-release__no-finalizer.c - called after its last release, in the
 * same turn; it has no finalizer, so nothing tells when the runtime frees it.
 */
#include "addon.h"

static napi_threadsafe_function tsfn;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

ADDON_FRAME static void release(void) {
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release)); /* AT released */
}

ADDON_FRAME static void call_it(void) {
  (void)napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &tsfn)); /* AT created */
  release();
  call_it();
  return NULL;
}

ADDON_EXPORTS({"run", run})
