/*
 * threadsafe-function-use-after-release__ending.c - a thread calls it while the process ends, and
 * nothing stops the thread.
 */
#include "addon.h"

#include <pthread.h>
#include <unistd.h>

static napi_threadsafe_function tsfn;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

ADDON_FRAME static napi_status tick(void) {
  napi_status status =
      napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking); /* DEFECT used */
  return status;
}

static void *watch(void *unused) {
  while (tick() == napi_ok)
    usleep(50);
  return unused;
}

ADDON_FRAME static void make(napi_env env, napi_value name) {
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &tsfn)); /* AT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  pthread_t thread;
  MUST(napi_create_string_utf8(env, "watcher", NAPI_AUTO_LENGTH, &name));
  make(env, name);
  MUST(napi_unref_threadsafe_function(env, tsfn));
  MUST_BE(pthread_create(&thread, NULL, watch, NULL) == 0);
  MUST_BE(pthread_detach(thread) == 0);
  return NULL;
}

ADDON_EXPORTS({"run", run})
