/* ok__leaked-weak-reference__add-finalizer.c - deleted by the finalizer that it came with. */
#include "addon.h"

struct native {
  napi_ref reference;
};

static void drop_native(napi_env env, void *data, void *hint) {
  struct native *native = (struct native *)data;
  MUST(napi_delete_reference(env, native->reference));
  free(native);
}

ADDON_FRAME static void attach(napi_env env, napi_value object) {
  struct native *native = (struct native *)malloc(sizeof *native);
  MUST(napi_add_finalizer(env, object, native, drop_native, NULL, &native->reference));
}

static napi_value run(napi_env env, napi_callback_info info) {
  attach(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
