/*
 * ok__wrong-thread-call__execute.c - execute leaves its result in the data; complete makes the
 * string.
 */
#include "addon.h"

static napi_async_work work;
static char result[32];

static void execute(napi_env env, void *data) { strcpy((char *)data, "from a thread"); }

static void complete(napi_env env, napi_status status, void *data) {
  napi_value text;
  MUST(napi_create_string_utf8(env, (char *)data, NAPI_AUTO_LENGTH, &text));
  MUST(napi_delete_async_work(env, work));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "job", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, result, &work));
  MUST(napi_queue_async_work(env, work));
  return NULL;
}

ADDON_EXPORTS({"run", run})
