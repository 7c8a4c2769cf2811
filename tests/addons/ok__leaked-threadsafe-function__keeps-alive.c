/*
 * ok__leaked-threadsafe-function__keeps-alive.c - the function is released and the work deleted
 * when they are done.
 */
#include "addon.h"

#include <unistd.h>

static napi_threadsafe_function kept;
static napi_async_work work;

static void call_js(napi_env env, napi_value callback, void *context, void *data) {}
static void execute(napi_env env, void *data) { usleep(20000); }
static void complete(napi_env env, napi_status status, void *data) {
  MUST(napi_delete_async_work(env, work));
  MUST(napi_release_threadsafe_function(kept, napi_tsfn_release));
}

ADDON_FRAME static void make(napi_env env, napi_value name) {
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &kept));
}

ADDON_FRAME static void queue(napi_env env, napi_value name) {
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work));
  MUST(napi_queue_async_work(env, work));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "waits", NAPI_AUTO_LENGTH, &name));
  make(env, name);
  queue(env, name);
  return NULL;
}

ADDON_EXPORTS({"run", run})
