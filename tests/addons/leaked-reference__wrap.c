/*
 * leaked-reference__wrap.c - napi_wrap's reference made strong and then forgotten: the object
 * stays for ever.
 */
#include "addon.h"

static void drop_native(napi_env env, void *data, void *hint) { free(data); }

ADDON_FRAME static void wrap_object(napi_env env, napi_value object) {
  napi_ref reference;
  void *native = malloc(16);
  MUST(napi_wrap(env, object, native, drop_native, NULL, &reference)); /* DEFECT created */
  MUST(napi_reference_ref(env, reference, NULL));
}

static napi_value run(napi_env env, napi_callback_info info) {
  wrap_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
