/*
 * threadsafe-function-use-after-release__closing.c - the thread goes on after it was told
 * napi_closing.
 */
#include "addon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static napi_threadsafe_function tsfn;
static atomic_int has_aborted;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

ADDON_FRAME static void call_once_more(void) {
  (void)napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking); /* DEFECT used */
}

ADDON_FRAME static void *work(void *unused) {
  while (!atomic_load(&has_aborted))
    usleep(1000);
  MUST_BE(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking) == napi_closing);
  call_once_more();
  return unused;
}

/* The main thread aborts while it is in a callback, so the function is not freed before the thread
 * is done. */
static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  pthread_t thread;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 2, NULL, NULL, NULL, call_js,
                                       &tsfn)); /* AT created */
  MUST_BE(pthread_create(&thread, NULL, work, NULL) == 0);
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_abort));
  atomic_store(&has_aborted, 1);
  MUST_BE(pthread_join(thread, NULL) == 0);
  return NULL;
}

ADDON_EXPORTS({"run", run})
