/*
 * ok__leaked-reference__overwritten.c - the old one is deleted first, the last one when the env
 * ends.
 */
#include "addon.h"

static napi_ref last_object;
static bool is_hooked;

static void forget_last(void *env) {
  MUST(napi_delete_reference((napi_env)env, last_object));
  last_object = NULL;
}

ADDON_FRAME static void remember(napi_env env, napi_value object) {
  if (last_object)
    MUST(napi_delete_reference(env, last_object));
  MUST(napi_create_reference(env, object, 1, &last_object));
  if (!is_hooked)
    MUST(napi_add_env_cleanup_hook(env, forget_last, env));
  is_hooked = true;
}

static napi_value run(napi_env env, napi_callback_info info) {
  remember(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
