/*
 * threadsafe-function-use-after-release__worker.c - a thread calls it after the worker that owned
 * it has ended.
 */
#include "addon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static napi_threadsafe_function tsfn;
static atomic_int may_call, has_called;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

ADDON_FRAME static void *watch(void *unused) {
  while (!atomic_load(&may_call))
    usleep(1000);
  (void)napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking); /* DEFECT used */
  atomic_store(&has_called, 1);
  return unused;
}

ADDON_FRAME static void make(napi_env env, napi_value name) {
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &tsfn)); /* AT created */
}

static napi_value start(napi_env env, napi_callback_info info) {
  napi_value name;
  pthread_t thread;
  MUST(napi_create_string_utf8(env, "watcher", NAPI_AUTO_LENGTH, &name));
  make(env, name);
  MUST(napi_unref_threadsafe_function(env, tsfn));
  MUST_BE(pthread_create(&thread, NULL, watch, NULL) == 0);
  MUST_BE(pthread_detach(thread) == 0);
  return NULL;
}

static napi_value let_call(napi_env env, napi_callback_info info) {
  atomic_store(&may_call, 1);
  while (!atomic_load(&has_called))
    usleep(1000);
  return NULL;
}

ADDON_EXPORTS({"start", start}, {"letCall", let_call})
