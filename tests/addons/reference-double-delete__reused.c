/*
 * reference-double-delete__reused.c - the second delete would hit somebody else's reference in the
 * same memory.
 */
#include "addon.h"

ADDON_FRAME static void drop_again(napi_env env, napi_ref reference) {
  (void)napi_delete_reference(env, reference); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref first, second;
  napi_value object = addon_object(env), value = NULL;
  MUST(napi_create_reference(env, addon_object(env), 1, &first)); /* AT created */
  MUST(napi_delete_reference(env, first));                        /* AT deleted */
  MUST(napi_create_reference(env, object, 1, &second));
  drop_again(env, first);
  bool is_same = false;
  (void)napi_get_reference_value(env, second, &value);
  (void)napi_strict_equals(env, object, value, &is_same);
  (void)napi_delete_reference(env, second);
  return NULL;
}

ADDON_EXPORTS({"run", run})
