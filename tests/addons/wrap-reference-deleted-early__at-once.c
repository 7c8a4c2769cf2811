/*
 * wrap-reference-deleted-early__at-once.c - napi_wrap's reference is deleted at once: the
 * finalizer never runs.
 */
#include "addon.h"

static int n_freed;

static void drop_native(napi_env env, void *data, void *hint) {
  n_freed++;
  free(data);
}

ADDON_FRAME static void wrap_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_wrap(env, object, malloc(64), drop_native, NULL, &reference)); /* AT created */
  MUST(napi_delete_reference(env, reference));                             /* DEFECT deleted */
}

static napi_value run(napi_env env, napi_callback_info info) {
  wrap_object(env, addon_object(env));
  return NULL;
}

ADDON_EXPORTS({"run", run})
