/*
 * ok__leaked-async-work__held.c - one that is never queued may be deleted at once; a cancelled one
 * when it completes.
 */
#include "addon.h"

static napi_async_work works[64];
static int n_completed, n_cancelled;

static void execute(napi_env env, void *data) {
  /* Keeps the pool's threads busy for a while, so that the last ones are still in the queue. */
  for (volatile int i = 0; i < 3000000; i++)
    ;
}

static void complete(napi_env env, napi_status status, void *data) {
  n_completed++;
  n_cancelled += status == napi_cancelled;
  MUST(napi_delete_async_work(env, *(napi_async_work *)data));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  napi_async_work never;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &never));
  MUST(napi_delete_async_work(env, never));
  for (int i = 0; i < 64; i++) {
    MUST(napi_create_async_work(env, NULL, name, execute, complete, &works[i], &works[i]));
    MUST(napi_queue_async_work(env, works[i]));
  }
  (void)napi_cancel_async_work(env, works[63]);
  return NULL;
}

static napi_value completed(napi_env env, napi_callback_info info) {
  return addon_number(env, n_completed == 64 ? 64 : -1);
}

ADDON_EXPORTS({"run", run}, {"completed", completed})
