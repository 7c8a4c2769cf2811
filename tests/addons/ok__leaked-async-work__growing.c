/*
 * ok__leaked-async-work__growing.c - what is made for every request is released with the next but
 * nine.
 */
#include "addon.h"

enum { KEPT = 10 };
static struct {
  napi_async_work work;
  napi_threadsafe_function tsfn;
  napi_deferred deferred;
  napi_async_context context;
} requests[KEPT];
static unsigned next;

static void execute(napi_env env, void *data) {}
static void complete(napi_env env, napi_status status, void *data) {}
static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

static napi_value run(napi_env env, napi_callback_info info) {
  unsigned at = next++ % KEPT;
  napi_value name, promise, undefined;
  if (requests[at].work != NULL) {
    MUST(napi_get_undefined(env, &undefined));
    MUST(napi_delete_async_work(env, requests[at].work));
    MUST(napi_release_threadsafe_function(requests[at].tsfn, napi_tsfn_release));
    MUST(napi_resolve_deferred(env, requests[at].deferred, undefined));
    MUST(napi_async_destroy(env, requests[at].context));
  }
  MUST(napi_create_string_utf8(env, "request", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &requests[at].work));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &requests[at].tsfn));
  MUST(napi_unref_threadsafe_function(env, requests[at].tsfn));
  MUST(napi_create_promise(env, &requests[at].deferred, &promise));
  MUST(napi_async_init(env, NULL, name, &requests[at].context));
  return NULL;
}

ADDON_EXPORTS({"run", run})
