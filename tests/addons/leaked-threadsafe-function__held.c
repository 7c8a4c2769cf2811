/*
 * leaked-threadsafe-function__held.c - kept in static data for as long as the process lives, as
 * napi-rs does.
 */
#include "addon.h"

static napi_threadsafe_function kept;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

ADDON_FRAME static void make(napi_env env, napi_value name) {
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &kept)); /* DEFECT created */
  MUST(napi_unref_threadsafe_function(env, kept));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  make(env, name);
  return NULL;
}

ADDON_EXPORTS({"run", run})
