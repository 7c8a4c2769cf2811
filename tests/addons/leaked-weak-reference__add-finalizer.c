/*
 * leaked-weak-reference__add-finalizer.c - the reference that napi_add_finalizer returned is never
 * deleted.
 */
#include "addon.h"

static void drop_native(napi_env env, void *data, void *hint) { free(data); }

ADDON_FRAME static void attach(napi_env env, napi_value object) {
  napi_ref ref;
  void *data = malloc(16);
  MUST(napi_add_finalizer(env, object, data, drop_native, NULL, &ref)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  attach(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
