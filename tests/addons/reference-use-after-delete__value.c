/* reference-use-after-delete__value.c - the value of a deleted reference is asked for. */
#include "addon.h"

ADDON_FRAME static napi_ref make(napi_env env) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference)); /* AT created */
  return reference;
}

ADDON_FRAME static void drop(napi_env env, napi_ref reference) {
  MUST(napi_delete_reference(env, reference)); /* AT deleted */
}

ADDON_FRAME static void use(napi_env env, napi_ref reference) {
  napi_value value = NULL;
  (void)napi_get_reference_value(env, reference, &value); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference = make(env);
  drop(env, reference);
  use(env, reference);
  return NULL;
}

ADDON_EXPORTS({"run", run})
