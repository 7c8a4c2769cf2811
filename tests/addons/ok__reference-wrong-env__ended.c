/*
 * ok__reference-wrong-env__ended.c - what the worker made is deleted and forgotten when the worker
 * ends.
 */
#include "addon.h"

static napi_ref last;

static void forget(void *env) {
  MUST(napi_delete_reference((napi_env)env, last));
  last = NULL;
}

static napi_value make(napi_env env, napi_callback_info info) {
  MUST(napi_create_reference(env, addon_object(env), 1, &last));
  MUST(napi_add_env_cleanup_hook(env, forget, env));
  return NULL;
}

static napi_value use(napi_env env, napi_callback_info info) {
  napi_value value = NULL;
  if (last)
    MUST(napi_get_reference_value(env, last, &value));
  return NULL;
}

ADDON_EXPORTS({"make", make}, {"use", use})
