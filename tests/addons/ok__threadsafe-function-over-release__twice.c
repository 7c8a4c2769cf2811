/*
 * ok__threadsafe-function-over-release__twice.c - eight threads call, acquire and release; all
 * calls arrive.
 */
#include "addon.h"

#include <pthread.h>

enum { n_threads = 8 };

static napi_threadsafe_function tsfn;
static pthread_t threads[n_threads];
static int n_calls, n_called, is_gone;

static void call_js(napi_env env, napi_value callback, void *context, void *data) { n_called++; }

static void on_gone(napi_env env, void *data, void *hint) {
  for (int i = 0; i < n_threads; i++)
    MUST_BE(pthread_join(threads[i], NULL) == 0);
  is_gone = 1;
}

static void *work(void *unused) {
  for (int i = 0; i < n_calls; i++)
    MUST(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_blocking));
  MUST(napi_acquire_threadsafe_function(tsfn));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  return unused;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  int32_t wanted = 1000;
  (void)napi_get_value_int32(env, addon_argument(env, info), &wanted);
  n_calls = wanted;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, n_threads, NULL, on_gone, NULL,
                                       call_js, &tsfn));
  for (int i = 0; i < n_threads; i++)
    MUST_BE(pthread_create(&threads[i], NULL, work, NULL) == 0);
  return NULL;
}

static napi_value called(napi_env env, napi_callback_info info) {
  return addon_number(env, is_gone ? n_called : -1);
}

ADDON_EXPORTS({"run", run}, {"called", called})
