/* ok__leaked-weak-reference__unref.c - unref to 0, then the delete. */
#include "addon.h"

ADDON_FRAME static void borrow_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference));
  MUST(napi_reference_unref(env, reference, NULL));
  MUST(napi_delete_reference(env, reference));
}

static napi_value run(napi_env env, napi_callback_info info) {
  borrow_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
