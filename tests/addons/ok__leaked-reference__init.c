/*
 * ok__leaked-reference__init.c - the constructor's reference belongs to the instance data, whose
 * finalizer deletes it.
 */
#include "addon.h"

static napi_value construct(napi_env env, napi_callback_info info) {
  napi_value self;
  MUST(napi_get_cb_info(env, info, NULL, NULL, &self, NULL));
  return self;
}

static void drop_instance(napi_env env, void *data, void *hint) {
  /* Deno refuses it at this time, so the status is not looked at. */
  (void)napi_delete_reference(env, *(napi_ref *)data);
  free(data);
}

NAPI_MODULE_INIT() {
  napi_value class_value;
  napi_ref *instance = (napi_ref *)malloc(sizeof *instance);
  MUST(napi_define_class(env, "Thing", NAPI_AUTO_LENGTH, construct, NULL, 0, NULL, &class_value));
  MUST(napi_create_reference(env, class_value, 1, instance));
  MUST(napi_set_instance_data(env, instance, drop_instance, NULL));
  MUST(napi_set_named_property(env, exports, "Thing", class_value));
  return exports;
}
