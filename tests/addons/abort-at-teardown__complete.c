/*
 * abort-at-teardown__complete.c - a complete callback that gives up when its promise cannot be
 * settled, as a C++ exception that nobody catches does.
 */
#include "addon.h"

#include <unistd.h>

static _Thread_local napi_deferred deferred;
static _Thread_local napi_async_work work;

static void execute(napi_env env, void *data) { usleep(200000); }

ADDON_FRAME static void give_up(void) { abort(); /* DEFECT used */ }

static void complete(napi_env env, napi_status status, void *data) {
  napi_value value;
  MUST(napi_get_undefined(env, &value));
  if (napi_resolve_deferred(env, deferred, value) != napi_ok)
    give_up();
  MUST(napi_delete_async_work(env, work));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name, promise;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_promise(env, &deferred, &promise));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work));
  MUST(napi_queue_async_work(env, work));
  return promise;
}

ADDON_EXPORTS({"run", run})
