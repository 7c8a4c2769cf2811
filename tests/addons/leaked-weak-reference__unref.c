/*
 * leaked-weak-reference__unref.c - unref to 0 taken for a delete: the commonest leak of Rust
 * addons.
 */
#include "addon.h"

ADDON_FRAME static void borrow_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
  MUST(napi_reference_unref(env, reference, NULL));
}

static napi_value run(napi_env env, napi_callback_info info) {
  borrow_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
