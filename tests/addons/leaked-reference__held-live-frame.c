/*
 * leaked-reference__held-live-frame.c - process.exit() is called from inside a native call whose
 * frame holds the reference.
 *
 * The call would have deleted it; it never came back.
 */
#include "addon.h"

ADDON_FRAME static void call_with_reference(napi_env env, napi_value function) {
  napi_ref reference;
  MUST(napi_create_reference(env, function, 1, &reference)); /* DEFECT created */
  napi_value undefined;
  MUST(napi_get_undefined(env, &undefined));
  napi_call_function(env, undefined, function, 0, NULL, NULL);
  napi_delete_reference(env, reference);
}

static napi_value call(napi_env env, napi_callback_info info) {
  call_with_reference(env, addon_argument(env, info));
  return NULL;
}

ADDON_EXPORTS({"call", call})
