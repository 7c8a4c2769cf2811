/*
 * ok__reference-use-after-delete__reused.c - a slot that is used again and again, each time with
 * its own reference.
 */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  for (int i = 0; i < 1000; i++) {
    napi_handle_scope scope;
    MUST(napi_open_handle_scope(env, &scope));
    napi_ref reference;
    napi_value object = addon_object(env), value = NULL;
    MUST(napi_create_reference(env, object, (uint32_t)(i & 1), &reference));
    MUST(napi_get_reference_value(env, reference, &value));
    bool is_same = false;
    MUST(napi_strict_equals(env, object, value, &is_same));
    MUST_BE(is_same);
    MUST(napi_delete_reference(env, reference));
    MUST(napi_close_handle_scope(env, scope));
  }
  return NULL;
}

ADDON_EXPORTS({"run", run})
