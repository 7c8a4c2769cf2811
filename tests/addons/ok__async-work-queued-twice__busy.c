/* ok__async-work-queued-twice__busy.c - a work of its own for each request. */
#include "addon.h"

static int n_completed;

static void execute(napi_env env, void *data) {}

static void complete(napi_env env, napi_status status, void *data) {
  MUST(napi_delete_async_work(env, *(napi_async_work *)data));
  free(data);
  n_completed++;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  napi_async_work *work = (napi_async_work *)malloc(sizeof *work);
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, work, work));
  MUST(napi_queue_async_work(env, *work));
  return NULL;
}

static napi_value completed(napi_env env, napi_callback_info info) {
  return addon_number(env, n_completed < 2 ? -1 : n_completed);
}

ADDON_EXPORTS({"run", run}, {"completed", completed})
