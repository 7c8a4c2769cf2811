/* ok__stale-handle__complete.c - a reference to the callback in the work's data. */
#include "addon.h"

struct job {
  napi_async_work work;
  napi_ref callback;
};

static void execute(napi_env env, void *data) {}

static void complete(napi_env env, napi_status status, void *data) {
  struct job *job = (struct job *)data;
  napi_value undefined, callback;
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_get_reference_value(env, job->callback, &callback));
  MUST(napi_delete_reference(env, job->callback));
  MUST(napi_delete_async_work(env, job->work));
  free(job);
  MUST(napi_call_function(env, undefined, callback, 0, NULL, NULL));
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct job *job = (struct job *)calloc(1, sizeof *job);
  MUST_BE(job != NULL);
  napi_value name;
  MUST(napi_create_reference(env, addon_argument(env, info), 1, &job->callback));
  MUST(napi_create_string_utf8(env, "job", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, job, &job->work));
  MUST(napi_queue_async_work(env, job->work));
  return NULL;
}

ADDON_EXPORTS({"run", run})
