/*
 * leaked-reference__one-deleter.c - references of two functions are deleted by a third, in turn;
 * one of the second's is forgotten.
 */
#include "addon.h"

ADDON_FRAME static napi_ref make_config(napi_env env, napi_value object) {
  napi_ref config;
  MUST(napi_create_reference(env, object, 1, &config));
  return config;
}

ADDON_FRAME static napi_ref make_handler(napi_env env, napi_value object) {
  napi_ref handler;
  MUST(napi_create_reference(env, object, 1, &handler)); /* DEFECT created */
  return handler;
}

ADDON_FRAME static void release(napi_env env, napi_ref reference) {
  MUST(napi_delete_reference(env, reference)); /* DEFECT released */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env);
  for (int i = 0; i < 10; i++) {
    napi_ref made = i % 3 == 0 ? make_config(env, object) : make_handler(env, object);
    if (i != 7)
      release(env, made);
  }
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
