/*
 * reference-use-after-delete__reused.c - between delete and use another reference is made.
 *
 * In the runtime it gets the memory of the first one, and the stale use reads the wrong object
 * without a word.
 */
#include "addon.h"

static napi_ref first, second;

ADDON_FRAME static void make_first(napi_env env) {
  MUST(napi_create_reference(env, addon_object(env), 1, &first)); /* AT created */
}

ADDON_FRAME static void drop_first(napi_env env) {
  MUST(napi_delete_reference(env, first)); /* AT deleted */
}

ADDON_FRAME static void use_first(napi_env env) {
  napi_value value = NULL;
  (void)napi_get_reference_value(env, first, &value); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  make_first(env);
  drop_first(env);
  MUST(napi_create_reference(env, addon_object(env), 1, &second));
  use_first(env);
  MUST(napi_delete_reference(env, second));
  return NULL;
}

ADDON_EXPORTS({"run", run})
