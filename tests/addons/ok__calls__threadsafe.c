/*
 * ok__calls__threadsafe.c - a threadsafe function with a JavaScript callback of its own: called,
 * full, ref'ed, unref'ed.
 */
#include "addon.h"

#include <pthread.h>

static napi_threadsafe_function tsfn;
static int n_finalized, payload;

static void on_gone(napi_env env, void *data, void *hint) {
  MUST_BE(data == &payload && hint == &n_finalized);
  n_finalized++;
}

static void call_js(napi_env env, napi_value callback, void *context, void *data) {
  if (!env)
    return;
  napi_value undefined, argument = addon_number(env, *(int *)data);
  MUST_BE(context == &n_finalized);
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_call_function(env, undefined, callback, 1, &argument, NULL));
}

static void *work(void *unused) {
  MUST(napi_call_threadsafe_function(tsfn, &payload, napi_tsfn_blocking));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  return unused;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name, callback = addon_argument(env, info);
  pthread_t thread;
  void *context = NULL;
  payload = 17;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, callback, NULL, name, 1, 2, &payload, on_gone,
                                       &n_finalized, call_js, &tsfn));
  MUST(napi_get_threadsafe_function_context(tsfn, &context));
  MUST_BE(context == &n_finalized);
  MUST(napi_unref_threadsafe_function(env, tsfn));
  MUST(napi_ref_threadsafe_function(env, tsfn));
  MUST(napi_call_threadsafe_function(tsfn, &payload, napi_tsfn_nonblocking));
  MUST_BE(napi_call_threadsafe_function(tsfn, &payload, napi_tsfn_nonblocking) == napi_queue_full);
  MUST_BE(pthread_create(&thread, NULL, work, NULL) == 0);
  MUST_BE(pthread_detach(thread) == 0);
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  return NULL;
}

static napi_value finalized(napi_env env, napi_callback_info info) {
  return addon_number(env, n_finalized ? n_finalized : -1);
}

ADDON_EXPORTS({"run", run}, {"finalized", finalized})
