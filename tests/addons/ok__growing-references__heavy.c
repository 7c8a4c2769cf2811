/*
 * ok__growing-references__heavy.c - async works, threadsafe functions, promises and contexts that
 * are made again and again, a few of each at a time.
 */
#include "addon.h"

enum { KEPT = 10, KINDS = 4 };

static void *kept[KINDS][KEPT];
static size_t n_made;

static void execute(napi_env env, void *data) {}

ADDON_FRAME static void keep_work(napi_env env) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, NULL, NULL,
                              (napi_async_work *)&kept[0][n_made % KEPT]));
}

static void call_js(napi_env env, napi_value function, void *context, void *data) {}

ADDON_FRAME static void keep_function(napi_env env) {
  napi_value name;
  napi_threadsafe_function *slot = (napi_threadsafe_function *)&kept[1][n_made % KEPT];
  MUST(napi_create_string_utf8(env, "function", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       slot));
  MUST(napi_unref_threadsafe_function(env, *slot));
}

ADDON_FRAME static void keep_promise(napi_env env) {
  napi_value promise;
  MUST(napi_create_promise(env, (napi_deferred *)&kept[2][n_made % KEPT], &promise));
}

ADDON_FRAME static void keep_context(napi_env env) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "context", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, NULL, name, (napi_async_context *)&kept[3][n_made % KEPT]));
}

ADDON_FRAME static void let_go(napi_env env) {
  size_t i = n_made % KEPT;
  if (kept[0][i] == NULL)
    return;
  MUST(napi_delete_async_work(env, (napi_async_work)kept[0][i]));
  MUST(napi_release_threadsafe_function((napi_threadsafe_function)kept[1][i], napi_tsfn_release));
  MUST(napi_resolve_deferred(env, (napi_deferred)kept[2][i], addon_number(env, 1)));
  MUST(napi_async_destroy(env, (napi_async_context)kept[3][i]));
}

static napi_value run(napi_env env, napi_callback_info info) {
  n_made++;
  let_go(env);
  keep_work(env);
  keep_function(env);
  keep_promise(env);
  keep_context(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
