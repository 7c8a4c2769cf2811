/*
 * ok__wrap-reference-deleted-early__lost.c - the reference is deleted early, which is a warning,
 * but what was wrapped is freed: no leak.
 */
#include "addon.h"

static void drop_native(napi_env env, void *data, void *hint) {}

ADDON_FRAME static void dispose(napi_env env, napi_ref reference, void *native) {
  MUST(napi_delete_reference(env, reference)); /* AT deleted */
  free(native);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  char *native = (char *)malloc(200);
  MUST_BE(native != NULL);
  memset(native, 'x', 200);
  MUST(napi_wrap(env, addon_object(env), native, drop_native, NULL, &reference)); /* AT created */
  dispose(env, reference, native);
  return NULL;
}

ADDON_EXPORTS({"run", run})
