/*
 * threadsafe-function-over-release__told.c - one of two threads releases after it was told
 * napi_closing, while the other still holds the function.
 */
#include "addon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static napi_threadsafe_function tsfn;
static atomic_int has_aborted, is_done;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

ADDON_FRAME static void release_too(void) {
  (void)napi_release_threadsafe_function(tsfn, napi_tsfn_release); /* DEFECT used */
}

ADDON_FRAME static void *work(void *unused) {
  while (!atomic_load(&has_aborted))
    usleep(1000);
  MUST_BE(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_nonblocking) == napi_closing);
  release_too();
  atomic_store(&is_done, 1);
  return unused;
}

ADDON_FRAME static void *hold(void *unused) {
  while (!atomic_load(&is_done))
    usleep(1000);
  return unused;
}

ADDON_FRAME static void let_go(void) {
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_abort)); /* AT released */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  pthread_t threads[2];
  MUST(napi_create_string_utf8(env, "tsfn", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 3, NULL, NULL, NULL, call_js,
                                       &tsfn)); /* AT created */
  MUST_BE(pthread_create(&threads[0], NULL, work, NULL) == 0);
  MUST_BE(pthread_create(&threads[1], NULL, hold, NULL) == 0);
  let_go();
  atomic_store(&has_aborted, 1);
  for (int i = 0; i < 2; i++)
    MUST_BE(pthread_join(threads[i], NULL) == 0);
  return NULL;
}

ADDON_EXPORTS({"run", run})
