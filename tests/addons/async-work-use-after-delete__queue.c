/* async-work-use-after-delete__queue.c - a deleted work is queued. */
#include "addon.h"

static void execute(napi_env env, void *data) {}
static void complete(napi_env env, napi_status status, void *data) {}

ADDON_FRAME static void drop(napi_env env, napi_async_work work) {
  MUST(napi_delete_async_work(env, work)); /* AT deleted */
}

ADDON_FRAME static void queue(napi_env env, napi_async_work work) {
  (void)napi_queue_async_work(env, work); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  napi_async_work work;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work)); /* AT created */
  drop(env, work);
  queue(env, work);
  return NULL;
}

ADDON_EXPORTS({"run", run})
