/*
 * wrong-thread-call__reads.c - another thread calls functions that only read: fragile, not fatal.
 */
#include "addon.h"

#include <pthread.h>

ADDON_FRAME static void *read_version(void *env) {
  uint32_t version;
  (void)napi_get_version((napi_env)env, &version); /* DEFECT used */
  return NULL;
}

ADDON_FRAME static void *read_instance(void *env) {
  void *data;
  (void)napi_get_instance_data((napi_env)env, &data); /* DEFECT instance */
  return NULL;
}

static void on_thread(void *(*function)(void *), napi_env env) {
  pthread_t thread;
  MUST_BE(pthread_create(&thread, NULL, function, env) == 0);
  MUST_BE(pthread_join(thread, NULL) == 0);
}

static napi_value run(napi_env env, napi_callback_info info) {
  on_thread(read_version, env);
  on_thread(read_instance, env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
