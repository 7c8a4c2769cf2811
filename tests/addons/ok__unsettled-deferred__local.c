/* ok__unsettled-deferred__local.c - resolved, or rejected; at once, or by a work. */
#include "addon.h"

struct job {
  napi_async_work work;
  napi_deferred deferred;
};

static void execute(napi_env env, void *data) {}

static void complete(napi_env env, napi_status status, void *data) {
  struct job *job = (struct job *)data;
  MUST(napi_resolve_deferred(env, job->deferred, addon_number(env, 7)));
  MUST(napi_delete_async_work(env, job->work));
  free(job);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct job *job = (struct job *)calloc(1, sizeof *job);
  MUST_BE(job != NULL);
  napi_value name, result;
  MUST(napi_create_string_utf8(env, "job", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_promise(env, &job->deferred, &result));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, job, &job->work));
  MUST(napi_queue_async_work(env, job->work));
  return result;
}

static napi_value reject(napi_env env, napi_callback_info info) {
  napi_deferred deferred;
  napi_value result;
  MUST(napi_create_promise(env, &deferred, &result));
  MUST(napi_reject_deferred(env, deferred, addon_number(env, 1)));
  return result;
}

ADDON_EXPORTS({"run", run}, {"reject", reject})
