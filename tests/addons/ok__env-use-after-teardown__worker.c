/* ok__env-use-after-teardown__worker.c - the worker's env is forgotten by its cleanup hook. */
#include "addon.h"

static napi_env kept;

static void forget(void *env) {
  if (kept == (napi_env)env)
    kept = NULL;
}

static napi_value keep(napi_env env, napi_callback_info info) {
  kept = env;
  MUST(napi_add_env_cleanup_hook(env, forget, env));
  return NULL;
}

static napi_value use(napi_env env, napi_callback_info info) {
  MUST_BE(kept == NULL);
  return NULL;
}

ADDON_EXPORTS({"keep", keep}, {"use", use})
