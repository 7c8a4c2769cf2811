/*
 * ok__wrong-thread-call__thread.c - the thread only computes; the value is made where the env
 * lives.
 */
#include "addon.h"

#include <pthread.h>

static void *work(void *number) {
  *(int *)number += 1;
  return NULL;
}

static napi_value run(napi_env env, napi_callback_info info) {
  pthread_t thread;
  int number = 41;
  MUST_BE(pthread_create(&thread, NULL, work, &number) == 0);
  MUST_BE(pthread_join(thread, NULL) == 0);
  return addon_number(env, number);
}

ADDON_EXPORTS({"run", run})
