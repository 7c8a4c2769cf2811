/* ok__handle-growth__complete.c - a complete callback makes 120,000 values, a thousand in a scope.
 */
#include "addon.h"

static void execute(napi_env env, void *data) {}

ADDON_FRAME static void make_one(napi_env env, int number) { (void)addon_number(env, number); }

ADDON_FRAME static void fill(napi_env env) {
  for (int i = 0; i < 120; i++) {
    napi_handle_scope scope;
    MUST(napi_open_handle_scope(env, &scope));
    for (int j = 0; j < 1000; j++)
      make_one(env, i * 1000 + j);
    MUST(napi_close_handle_scope(env, scope));
  }
}

static napi_async_work work;

static void complete(napi_env env, napi_status status, void *data) {
  fill(env);
  MUST(napi_delete_async_work(env, work));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work));
  MUST(napi_queue_async_work(env, work));
  return NULL;
}

ADDON_EXPORTS({"run", run})
