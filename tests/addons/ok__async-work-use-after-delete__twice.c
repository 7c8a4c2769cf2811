/* ok__async-work-use-after-delete__twice.c - the job's destructor knows that the work is gone. */
#include "addon.h"

static napi_async_work work;

static void execute(napi_env env, void *data) {}

static void drop(napi_env env) {
  if (work)
    MUST(napi_delete_async_work(env, work));
  work = NULL;
}

static void complete(napi_env env, napi_status status, void *data) {
  drop(env);
  drop(env);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work));
  MUST(napi_queue_async_work(env, work));
  return NULL;
}

ADDON_EXPORTS({"run", run})
