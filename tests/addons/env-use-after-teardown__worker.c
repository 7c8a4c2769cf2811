/*
 * env-use-after-teardown__worker.c - the env of a worker is kept and used by the main thread after
 * the worker ended.
 */
#include "addon.h"

static napi_env kept;

static napi_value keep(napi_env env, napi_callback_info info) {
  kept = env;
  return NULL;
}

ADDON_FRAME static void use_kept(void) {
  napi_value object;
  (void)napi_create_object(kept, &object); /* DEFECT used */
}

static napi_value use(napi_env env, napi_callback_info info) {
  use_kept();
  return NULL;
}

ADDON_EXPORTS({"keep", keep}, {"use", use})
