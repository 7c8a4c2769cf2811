/*
 * stale-handle__complete.c - the value is in the async work's data; by the time it completes its
 * scope is long gone.
 */
#include "addon.h"

struct job {
  napi_async_work work;
  napi_value callback;
};

static void execute(napi_env env, void *data) {}

ADDON_FRAME static void complete(napi_env env, napi_status status, void *data) {
  struct job *job = (struct job *)data;
  napi_valuetype type;
  (void)napi_typeof(env, job->callback, &type); /* DEFECT used */
  (void)napi_delete_async_work(env, job->work);
  free(job);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct job *job = (struct job *)calloc(1, sizeof *job);
  MUST_BE(job != NULL);
  napi_value name;
  job->callback = addon_argument(env, info);
  MUST(napi_create_string_utf8(env, "job", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, job, &job->work));
  MUST(napi_queue_async_work(env, job->work));
  return NULL;
}

ADDON_EXPORTS({"run", run})
