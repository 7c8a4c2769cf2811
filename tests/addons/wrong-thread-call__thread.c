/* wrong-thread-call__thread.c - a thread of the addon's own makes a value. */
#define _GNU_SOURCE
#include "addon.h"

#include <pthread.h>

ADDON_FRAME static void *work(void *env) {
  napi_value object;
  (void)napi_create_object((napi_env)env, &object); /* DEFECT used */
  return NULL;
}

static napi_value run(napi_env env, napi_callback_info info) {
  pthread_t thread;
  MUST_BE(pthread_create(&thread, NULL, work, env) == 0);
  pthread_setname_np(thread, "decoder");
  MUST_BE(pthread_join(thread, NULL) == 0);
  return NULL;
}

ADDON_EXPORTS({"run", run})
