/* leaked-async-work__local.c - a work is created, run and never deleted. */
#include "addon.h"

static void execute(napi_env env, void *data) {}
static void complete(napi_env env, napi_status status, void *data) {}

ADDON_FRAME static void start(napi_env env, napi_value name) {
  napi_async_work work;
  MUST(
      napi_create_async_work(env, NULL, name, execute, complete, NULL, &work)); /* DEFECT created */
  MUST(napi_queue_async_work(env, work));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  start(env, name);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
