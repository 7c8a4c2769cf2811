/*
 * ok__threadsafe-function-use-after-release__ending.c - a cleanup hook stops the thread, which lets
 * go.
 */
#include "addon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static napi_threadsafe_function tsfn;
static pthread_t thread;
static atomic_int stops;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

static void *watch(void *unused) {
  while (!atomic_load(&stops)) {
    MUST(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking));
    usleep(50);
  }
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  return unused;
}

static void on_end(void *unused) {
  atomic_store(&stops, 1);
  MUST_BE(pthread_join(thread, NULL) == 0);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "watcher", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &tsfn));
  MUST(napi_unref_threadsafe_function(env, tsfn));
  MUST(napi_add_env_cleanup_hook(env, on_end, NULL));
  MUST_BE(pthread_create(&thread, NULL, watch, NULL) == 0);
  return NULL;
}

ADDON_EXPORTS({"run", run})
