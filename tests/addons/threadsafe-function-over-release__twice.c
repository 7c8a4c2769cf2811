/* threadsafe-function-over-release__twice.c - released twice by the only thread that has it. */
#include "addon.h"

static napi_threadsafe_function tsfn;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

ADDON_FRAME static void release(void) {
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release)); /* AT released */
}

ADDON_FRAME static void release_again(void) {
  (void)napi_release_threadsafe_function(tsfn, napi_tsfn_release); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &tsfn)); /* AT created */
  release();
  release_again();
  return NULL;
}

ADDON_EXPORTS({"run", run})
