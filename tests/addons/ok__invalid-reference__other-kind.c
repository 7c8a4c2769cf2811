/* ok__invalid-reference__other-kind.c - the work is deleted as what it is. */
#include "addon.h"

static void execute(napi_env env, void *data) {}
static void complete(napi_env env, napi_status status, void *data) {}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  napi_async_work work;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work));
  MUST(napi_delete_async_work(env, work));
  return NULL;
}

ADDON_EXPORTS({"run", run})
