/* ok__leaked-async-work__local.c - deleted by its complete callback. */
#include "addon.h"

struct job {
  napi_async_work work;
};

static void execute(napi_env env, void *data) {}

static void complete(napi_env env, napi_status status, void *data) {
  struct job *job = (struct job *)data;
  MUST_BE(status == napi_ok);
  MUST(napi_delete_async_work(env, job->work));
  free(job);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct job *job = (struct job *)calloc(1, sizeof *job);
  MUST_BE(job != NULL);
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, job, &job->work));
  MUST(napi_queue_async_work(env, job->work));
  return NULL;
}

ADDON_EXPORTS({"run", run})
