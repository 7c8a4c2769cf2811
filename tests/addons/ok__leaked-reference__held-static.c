/* ok__leaked-reference__held-static.c - the same, deleted by a cleanup hook. */
#include "addon.h"

static napi_ref constructor;

static void forget_constructor(void *env) {
  MUST(napi_delete_reference((napi_env)env, constructor));
}

static napi_value run(napi_env env, napi_callback_info info) {
  MUST(napi_create_reference(env, addon_object(env), 1, &constructor));
  MUST(napi_add_env_cleanup_hook(env, forget_constructor, env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
