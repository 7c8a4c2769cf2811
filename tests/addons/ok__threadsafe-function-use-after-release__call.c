/*
 * ok__threadsafe-function-use-after-release__call.c - its own finalizer may still ask for the
 * context.
 */
#include "addon.h"

static napi_threadsafe_function tsfn;
static int context_data, is_finalized;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {
  MUST_BE(context == &context_data);
}

static void on_gone(napi_env env, void *data, void *hint) {
  void *context = NULL;
  MUST(napi_get_threadsafe_function_context(tsfn, &context));
  MUST_BE(context == &context_data);
  is_finalized = 1;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, on_gone, &context_data,
                                       call_js, &tsfn));
  MUST(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  return NULL;
}

static napi_value use(napi_env env, napi_callback_info info) {
  MUST_BE(is_finalized);
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"use", use})
