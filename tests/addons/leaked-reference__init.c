/*
 * leaked-reference__init.c - made by the module's initialiser and held: one for each env, for
 * good.
 */
#include "addon.h"

static napi_ref constructor;

static napi_value construct(napi_env env, napi_callback_info info) {
  napi_value self;
  MUST(napi_get_cb_info(env, info, NULL, NULL, &self, NULL));
  return self;
}

NAPI_MODULE_INIT() {
  napi_value class_value;
  MUST(napi_define_class(env, "Thing", NAPI_AUTO_LENGTH, construct, NULL, 0, NULL, &class_value));
  MUST(napi_create_reference(env, class_value, 1, &constructor)); /* DEFECT created */
  MUST(napi_set_named_property(env, exports, "Thing", class_value));
  return exports;
}
