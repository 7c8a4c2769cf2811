/* ok__async-work-use-after-delete__queue.c - a new work for each run. */
#include "addon.h"

struct job {
  napi_async_work work;
};

static void execute(napi_env env, void *data) {}

static void complete(napi_env env, napi_status status, void *data) {
  MUST(napi_delete_async_work(env, ((struct job *)data)->work));
  free(data);
}

static napi_value run(napi_env env, napi_callback_info info) {
  for (int i = 0; i < 100; i++) {
    struct job *job = (struct job *)calloc(1, sizeof *job);
    MUST_BE(job != NULL);
    napi_value name;
    MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
    MUST(napi_create_async_work(env, NULL, name, execute, complete, job, &job->work));
    MUST(napi_queue_async_work(env, job->work));
  }
  return NULL;
}

ADDON_EXPORTS({"run", run})
