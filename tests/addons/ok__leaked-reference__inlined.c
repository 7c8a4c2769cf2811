/* ok__leaked-reference__inlined.c - inlined as well, and deleted. */
#include "addon.h"

__attribute__((always_inline)) static inline void keep_inlined(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference));
  MUST(napi_delete_reference(env, reference));
}

ADDON_FRAME static void outer(napi_env env) {
  napi_value object = addon_object(env);
  keep_inlined(env, object);
}

static napi_value run(napi_env env, napi_callback_info info) {
  outer(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
