/* env-use-after-teardown__thread.c - a thread that outlives the worker whose env it was given. */
#include "addon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int has_ended, n_done;

static void on_end(void *unused) { atomic_store(&has_ended, 1); }

ADDON_FRAME static void *outlive(void *env) {
  while (!atomic_load(&has_ended))
    usleep(1000);
  usleep(100000);
  napi_value object;
  (void)napi_create_object((napi_env)env, &object); /* DEFECT used */
  atomic_store(&n_done, 1);
  return NULL;
}

static napi_value start(napi_env env, napi_callback_info info) {
  pthread_t thread;
  MUST(napi_add_env_cleanup_hook(env, on_end, NULL));
  MUST_BE(pthread_create(&thread, NULL, outlive, env) == 0);
  MUST_BE(pthread_detach(thread) == 0);
  return NULL;
}

static napi_value wait_for(napi_env env, napi_callback_info info) {
  while (!atomic_load(&n_done))
    usleep(1000);
  return NULL;
}

ADDON_EXPORTS({"start", start}, {"wait", wait_for})
