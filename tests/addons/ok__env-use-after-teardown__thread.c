/* ok__env-use-after-teardown__thread.c - the cleanup hook waits for the thread. */
#include "addon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static pthread_t thread;
static atomic_int is_stopping;

static void on_end(void *unused) {
  atomic_store(&is_stopping, 1);
  MUST_BE(pthread_join(thread, NULL) == 0);
}

static void *work(void *unused) {
  while (!atomic_load(&is_stopping))
    usleep(1000);
  return NULL;
}

static napi_value start(napi_env env, napi_callback_info info) {
  MUST(napi_add_env_cleanup_hook(env, on_end, NULL));
  MUST_BE(pthread_create(&thread, NULL, work, NULL) == 0);
  return NULL;
}

static napi_value wait_for(napi_env env, napi_callback_info info) {
  MUST_BE(atomic_load(&is_stopping));
  return NULL;
}

ADDON_EXPORTS({"start", start}, {"wait", wait_for})
