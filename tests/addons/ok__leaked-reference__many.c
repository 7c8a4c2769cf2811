/*
 * ok__leaked-reference__many.c - the same, and each is deleted.
 */
#include "addon.h"

enum { ROUNDS = 50000, AT_ONCE = 4 };

ADDON_FRAME static napi_ref make_handler(napi_env env, napi_value object) {
  napi_ref handler;
  MUST(napi_create_reference(env, object, 1, &handler));
  return handler;
}

ADDON_FRAME static void release(napi_env env, napi_ref reference) {
  MUST(napi_delete_reference(env, reference));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env);
  napi_ref handlers[AT_ONCE];
  for (int i = 0; i < ROUNDS; i++) {
    if (i >= AT_ONCE)
      release(env, handlers[i % AT_ONCE]);
    handlers[i % AT_ONCE] = make_handler(env, object);
  }
  for (int i = 0; i < AT_ONCE; i++)
    release(env, handlers[i]);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
