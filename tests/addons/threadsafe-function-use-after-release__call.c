/*
 * threadsafe-function-use-after-release__call.c - called by a thread that has released it, after
 * its finalizer.
 */
#include "addon.h"

static napi_threadsafe_function tsfn;
static int is_finalized;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

static void on_gone(napi_env env, void *data, void *hint) { is_finalized = 1; }

ADDON_FRAME static void release(void) {
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release)); /* AT released */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, on_gone, NULL, call_js,
                                       &tsfn)); /* AT created */
  release();
  return NULL;
}

ADDON_FRAME static void call_it(void) {
  (void)napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking); /* DEFECT used */
}

static napi_value use(napi_env env, napi_callback_info info) {
  MUST_BE(is_finalized);
  call_it();
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"use", use})
