/*
 * ok__threadsafe-function-use-after-release__closing.c - napi_closing is the thread's last word:
 * it neither calls nor releases.
 */
#include "addon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static napi_threadsafe_function tsfn;
static atomic_int has_aborted;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

static void *work(void *unused) {
  while (!atomic_load(&has_aborted))
    usleep(1000);
  MUST_BE(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking) == napi_closing);
  return unused;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  pthread_t thread;
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 2, NULL, NULL, NULL, call_js,
                                       &tsfn));
  MUST_BE(pthread_create(&thread, NULL, work, NULL) == 0);
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_abort));
  atomic_store(&has_aborted, 1);
  MUST_BE(pthread_join(thread, NULL) == 0);
  return NULL;
}

ADDON_EXPORTS({"run", run})
