/*
 * wrap-reference-deleted-early__lost.c - napi_wrap's reference is deleted at once, so nobody can
 * free what was wrapped.
 */
#include "addon.h"

static void drop_native(napi_env env, void *data, void *hint) { free(data); }

ADDON_FRAME static void wrap_object(napi_env env, napi_value object) {
  napi_ref reference;
  char *native = (char *)malloc(200);
  MUST_BE(native != NULL);
  memset(native, 'x', 200);
  MUST(napi_wrap(env, object, native, drop_native, NULL, &reference)); /* AT created */
  MUST(napi_delete_reference(env, reference));                         /* DEFECT deleted */
}

static napi_value run(napi_env env, napi_callback_info info) {
  wrap_object(env, addon_object(env));
  return NULL;
}

ADDON_EXPORTS({"run", run})
