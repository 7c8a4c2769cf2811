/* reference-wrong-env__ended.c - a static reference outlives the worker that made it. */
#include "addon.h"

static napi_ref last;

static napi_value make(napi_env env, napi_callback_info info) {
  MUST(napi_create_reference(env, addon_object(env), 1, &last)); /* AT created */
  return NULL;
}

ADDON_FRAME static void use_static(napi_env env) {
  napi_value value = NULL;
  (void)napi_get_reference_value(env, last, &value); /* DEFECT used */
}

static napi_value use(napi_env env, napi_callback_info info) {
  use_static(env);
  return NULL;
}

ADDON_EXPORTS({"make", make}, {"use", use})
