/*
 * ok__async-work-deleted-early__queued.c - deleted by its own complete callback, which queues a new
 * one.
 */
#include "addon.h"

static napi_async_work work;
static int n_runs;

static void execute(napi_env env, void *data) {}

static void complete(napi_env env, napi_status status, void *data);

static void queue_new(napi_env env) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work));
  MUST(napi_queue_async_work(env, work));
}

static void complete(napi_env env, napi_status status, void *data) {
  MUST(napi_delete_async_work(env, work));
  if (++n_runs % 3)
    queue_new(env);
}

static napi_value run(napi_env env, napi_callback_info info) {
  queue_new(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
