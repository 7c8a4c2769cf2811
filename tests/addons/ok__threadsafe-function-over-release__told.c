/*
 * ok__threadsafe-function-over-release__told.c - a thread releases what it holds, but not after
 * napi_closing, which was that.
 */
#include "addon.h"

#include <pthread.h>
#include <unistd.h>

static napi_threadsafe_function tsfn;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

static void *work(void *is_patient) {
  napi_status status = napi_ok;
  for (int i = 0; status == napi_ok && (is_patient != NULL || i < 3); i++) {
    status = napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking);
    usleep(1000);
  }
  if (status != napi_closing)
    MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  return NULL;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  pthread_t threads[2];
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 3, NULL, NULL, NULL, call_js,
                                       &tsfn));
  for (int i = 0; i < 2; i++)
    MUST_BE(pthread_create(&threads[i], NULL, work, i == 0 ? NULL : &tsfn) == 0);
  usleep(30000);
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_abort));
  for (int i = 0; i < 2; i++)
    MUST_BE(pthread_join(threads[i], NULL) == 0);
  return NULL;
}

ADDON_EXPORTS({"run", run})
