/* ok__reference-wrong-env__worker.c - one reference for each env, in its instance data. */
#include "addon.h"

static void drop_instance(napi_env env, void *data, void *hint) {
  /* Deno refuses it at this time, so the status is not looked at. */
  (void)napi_delete_reference(env, *(napi_ref *)data);
  free(data);
}

static napi_value make(napi_env env, napi_callback_info info) {
  napi_ref *instance = (napi_ref *)malloc(sizeof *instance);
  MUST(napi_create_reference(env, addon_object(env), 1, instance));
  MUST(napi_set_instance_data(env, instance, drop_instance, NULL));
  return NULL;
}

static napi_value use(napi_env env, napi_callback_info info) {
  napi_ref *instance = NULL;
  napi_value value = NULL;
  MUST(napi_get_instance_data(env, (void **)&instance));
  MUST(napi_get_reference_value(env, *instance, &value));
  return NULL;
}

ADDON_EXPORTS({"make", make}, {"use", use})
