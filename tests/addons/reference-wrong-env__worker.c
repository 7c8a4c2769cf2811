/*
 * reference-wrong-env__worker.c - a static reference made by the main thread is used in a worker.
 */
#include "addon.h"

static napi_ref constructor;

static napi_value make(napi_env env, napi_callback_info info) {
  MUST(napi_create_reference(env, addon_object(env), 1, &constructor)); /* AT created */
  return NULL;
}

ADDON_FRAME static void use_static(napi_env env) {
  napi_value value = NULL;
  (void)napi_get_reference_value(env, constructor, &value); /* DEFECT used */
}

static napi_value use(napi_env env, napi_callback_info info) {
  use_static(env);
  return NULL;
}

static napi_value drop(napi_env env, napi_callback_info info) {
  MUST(napi_delete_reference(env, constructor));
  return NULL;
}

ADDON_EXPORTS({"make", make}, {"use", use}, {"drop", drop})
