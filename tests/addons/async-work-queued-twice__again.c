/*
 * async-work-queued-twice__again.c - one work for all requests: queued once more when it has
 * completed.
 */
#include "addon.h"

static napi_async_work work;
static int n_executed;

static void execute(napi_env env, void *data) { n_executed++; }

ADDON_FRAME static void queue_again(napi_env env) {
  MUST(napi_queue_async_work(env, work)); /* DEFECT used */
}

static void complete(napi_env env, napi_status status, void *data) {
  static int n_completed;
  if (++n_completed == 1)
    queue_again(env);
  else
    MUST(napi_delete_async_work(env, work));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work)); /* AT created */
  MUST(napi_queue_async_work(env, work));                                        /* AT first */
  return NULL;
}

static napi_value executed(napi_env env, napi_callback_info info) {
  return addon_number(env, n_executed);
}

ADDON_EXPORTS({"run", run}, {"executed", executed})
