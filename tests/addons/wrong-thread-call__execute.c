/* wrong-thread-call__execute.c - the execute callback of an async work uses its env. */
#include "addon.h"

static napi_async_work work;

ADDON_FRAME static void execute(napi_env env, void *data) {
  napi_value value;
  (void)napi_get_boolean(env, true, &value); /* DEFECT used */
}

static void complete(napi_env env, napi_status status, void *data) {
  MUST(napi_delete_async_work(env, work));
}

ADDON_FRAME static void queue(napi_env env) {
  MUST(napi_queue_async_work(env, work)); /* AT queued */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "job", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work));
  queue(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
