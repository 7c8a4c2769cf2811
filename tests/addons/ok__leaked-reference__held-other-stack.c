/*
 * ok__leaked-reference__held-other-stack.c - the thread gives it back and ends; it is deleted
 * where it was made.
 */
#include "addon.h"

#include <pthread.h>

ADDON_FRAME static void *hold(void *reference) {
  volatile napi_ref mine = (napi_ref)reference;
  return mine;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  pthread_t thread;
  void *back = NULL;
  MUST_BE(pthread_create(&thread, NULL, hold, reference) == 0);
  MUST_BE(pthread_join(thread, &back) == 0);
  MUST(napi_delete_reference(env, (napi_ref)back));
  return NULL;
}

ADDON_EXPORTS({"run", run})
