/* async-work-queued-twice__busy.c - queued once more while it waits. */
#include "addon.h"

static napi_async_work work;

static void execute(napi_env env, void *data) {}

static void complete(napi_env env, napi_status status, void *data) {
  if (work != NULL)
    (void)napi_delete_async_work(env, work);
  work = NULL;
}

ADDON_FRAME static void queue(napi_env env) {
  MUST(napi_queue_async_work(env, work)); /* AT first */
}

ADDON_FRAME static void queue_again(napi_env env) {
  (void)napi_queue_async_work(env, work); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work)); /* AT created */
  queue(env);
  queue_again(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
