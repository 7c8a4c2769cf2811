/*
 * leaked-reference__held-other-stack.c - the only copy stands in a frame of another thread that
 * still runs.
 */
#include "addon.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

static napi_ref handed_over;
static sem_t taken;

ADDON_FRAME static void *hold(void *unused) {
  volatile napi_ref mine = handed_over;
  handed_over = NULL;
  sem_post(&taken);
  for (;;)
    sleep(mine ? 1000 : 1);
  return unused;
}

ADDON_FRAME static void hand_over(napi_env env, napi_value object) {
  MUST(napi_create_reference(env, object, 1, &handed_over)); /* DEFECT created */
  pthread_t thread;
  MUST_BE(sem_init(&taken, 0, 0) == 0);
  MUST_BE(pthread_create(&thread, NULL, hold, NULL) == 0);
  MUST_BE(pthread_detach(thread) == 0);
  sem_wait(&taken);
}

static napi_value run(napi_env env, napi_callback_info info) {
  hand_over(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
