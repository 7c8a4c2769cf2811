/*
 * ok__growing-references__heavy-shapes.c - async works, threadsafe functions, promises and contexts
 * that come in numbers and go again: what ok__growing-references__shapes.c does with references.
 */
#include "addon.h"

/* One is made for each four that are asked for: thousands of threadsafe functions are slow. */
enum { MOST = 1024, EACH = 4 };

static struct {
  napi_async_work work;
  napi_threadsafe_function tsfn;
  napi_deferred deferred;
  napi_async_context context;
} pool[MOST];
static size_t n_asked;

static void execute(napi_env env, void *data) {}

static void call_js(napi_env env, napi_value function, void *context, void *data) {}

static napi_value take(napi_env env, napi_callback_info info) {
  napi_value name, promise;
  size_t at = n_asked / EACH;
  MUST_BE(at < MOST);
  if (n_asked++ % EACH != 0)
    return addon_number(env, (double)n_asked);
  MUST(napi_create_string_utf8(env, "taken", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, NULL, NULL, &pool[at].work));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &pool[at].tsfn));
  MUST(napi_unref_threadsafe_function(env, pool[at].tsfn));
  MUST(napi_create_promise(env, &pool[at].deferred, &promise));
  MUST(napi_async_init(env, NULL, name, &pool[at].context));
  return addon_number(env, (double)n_asked);
}

static napi_value give(napi_env env, napi_callback_info info) {
  MUST_BE(n_asked > 0);
  if (--n_asked % EACH != 0)
    return addon_number(env, (double)n_asked);
  size_t at = n_asked / EACH;
  MUST(napi_delete_async_work(env, pool[at].work));
  MUST(napi_release_threadsafe_function(pool[at].tsfn, napi_tsfn_release));
  MUST(napi_resolve_deferred(env, pool[at].deferred, addon_number(env, 1)));
  MUST(napi_async_destroy(env, pool[at].context));
  return addon_number(env, (double)n_asked);
}

ADDON_EXPORTS({"take", take}, {"give", give})
