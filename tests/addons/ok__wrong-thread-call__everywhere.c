/*
 * ok__wrong-thread-call__everywhere.c - the functions that are legal on any thread, called on one
 * of the addon's own and in an execute callback.
 */
#include "addon.h"

#include <pthread.h>

struct legal {
  napi_threadsafe_function tsfn;
  napi_async_cleanup_hook_handle hook;
  napi_async_work work;
};

static int n_called;

static void use(const struct legal *legal) {
  void *context = NULL;
  MUST(napi_get_threadsafe_function_context(legal->tsfn, &context));
  MUST_BE(context == &n_called);
  MUST(napi_acquire_threadsafe_function(legal->tsfn));
  MUST(napi_call_threadsafe_function(legal->tsfn, NULL, napi_tsfn_nonblocking));
  MUST(napi_call_threadsafe_function(legal->tsfn, NULL, napi_tsfn_blocking));
  MUST(napi_release_threadsafe_function(legal->tsfn, napi_tsfn_release));
  MUST(napi_remove_async_cleanup_hook(legal->hook));
}

static void call_js(napi_env env, napi_value callback, void *context, void *data) { n_called++; }

static void on_cleanup(napi_async_cleanup_hook_handle handle, void *arg) {
  (void)napi_remove_async_cleanup_hook(handle);
}

static struct legal *new_legal(napi_env env) {
  struct legal *legal = (struct legal *)calloc(1, sizeof *legal);
  napi_value name;
  MUST(napi_create_string_utf8(env, "job", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, &n_called, call_js,
                                       &legal->tsfn));
  MUST(napi_add_async_cleanup_hook(env, on_cleanup, legal, &legal->hook));
  return legal;
}

static void *on_thread(void *legal) {
  use((struct legal *)legal);
  return NULL;
}

static napi_value run_on_thread(napi_env env, napi_callback_info info) {
  struct legal *legal = new_legal(env);
  pthread_t thread;
  MUST_BE(pthread_create(&thread, NULL, on_thread, legal) == 0);
  MUST_BE(pthread_join(thread, NULL) == 0);
  MUST(napi_release_threadsafe_function(legal->tsfn, napi_tsfn_release));
  free(legal);
  return NULL;
}

static void execute(napi_env env, void *legal) { use((struct legal *)legal); }

static void complete(napi_env env, napi_status status, void *data) {
  struct legal *legal = (struct legal *)data;
  MUST(napi_release_threadsafe_function(legal->tsfn, napi_tsfn_release));
  MUST(napi_delete_async_work(env, legal->work));
  free(legal);
}

static napi_value run_in_execute(napi_env env, napi_callback_info info) {
  struct legal *legal = new_legal(env);
  napi_value name;
  MUST(napi_create_string_utf8(env, "job", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, legal, &legal->work));
  MUST(napi_queue_async_work(env, legal->work));
  return NULL;
}

/* Four calls, when all have come; until then -1. */
static napi_value called(napi_env env, napi_callback_info info) {
  return addon_number(env, n_called == 4 ? n_called : -1);
}

ADDON_EXPORTS({"onThread", run_on_thread}, {"inExecute", run_in_execute}, {"called", called})
