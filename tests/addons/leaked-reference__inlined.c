/*
 * leaked-reference__inlined.c - the leaking function is inlined into its caller: both have to be
 * named.
 */
#include "addon.h"

__attribute__((always_inline)) static inline void keep_inlined(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
}

ADDON_FRAME static void outer(napi_env env) {
  napi_value object = addon_object(env);
  keep_inlined(env, object); /* AT caller */
}

static napi_value run(napi_env env, napi_callback_info info) {
  outer(env);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
