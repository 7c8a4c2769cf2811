/*
 * async-work-use-after-delete__twice.c - deleted by complete, and by the destructor of the job as
 * well.
 */
#include "addon.h"

static napi_async_work work;

static void execute(napi_env env, void *data) {}

ADDON_FRAME static void drop_again(napi_env env) {
  (void)napi_delete_async_work(env, work); /* DEFECT used */
}

ADDON_FRAME static void complete(napi_env env, napi_status status, void *data) {
  MUST(napi_delete_async_work(env, work)); /* AT deleted */
  drop_again(env);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work)); /* AT created */
  MUST(napi_queue_async_work(env, work));
  return NULL;
}

ADDON_EXPORTS({"run", run})
