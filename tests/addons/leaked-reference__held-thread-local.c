/* leaked-reference__held-thread-local.c - kept in thread-local storage. */
#include "addon.h"

static __thread napi_ref callback;

ADDON_FRAME static void keep_callback(napi_env env, napi_value object) {
  MUST(napi_create_reference(env, object, 1, &callback)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  keep_callback(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
