/* leaked-async-work__held.c - a work kept in static data for the next time, which never comes. */
#include "addon.h"

static napi_async_work work;

static void execute(napi_env env, void *data) {}
static void complete(napi_env env, napi_status status, void *data) {}

ADDON_FRAME static void prepare(napi_env env, napi_value name) {
  MUST(
      napi_create_async_work(env, NULL, name, execute, complete, NULL, &work)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  prepare(env, name);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
