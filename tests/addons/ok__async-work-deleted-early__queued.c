/*
 * ok__async-work-deleted-early__queued.c - queued anew by its own complete callback, deleted after
 * the second time.
 */
#include "addon.h"

static napi_async_work work;
static int n_runs;

static void execute(napi_env env, void *data) {}

static void complete(napi_env env, napi_status status, void *data) {
  if (++n_runs % 3)
    MUST(napi_queue_async_work(env, work));
  else
    MUST(napi_delete_async_work(env, work));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work));
  MUST(napi_queue_async_work(env, work));
  return NULL;
}

ADDON_EXPORTS({"run", run})
