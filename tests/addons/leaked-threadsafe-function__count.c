/* leaked-threadsafe-function__count.c - made for two threads, released by one. */
#include "addon.h"

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

ADDON_FRAME static void make(napi_env env, napi_value name) {
  napi_threadsafe_function tsfn;
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 2, NULL, NULL, NULL, call_js,
                                       &tsfn)); /* DEFECT created */
  MUST(napi_unref_threadsafe_function(env, tsfn));
  MUST(napi_acquire_threadsafe_function(tsfn));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  make(env, name);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
