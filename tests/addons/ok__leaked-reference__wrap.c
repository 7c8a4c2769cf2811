/* ok__leaked-reference__wrap.c - strong while it is busy, weak again, deleted by the finalizer. */
#include "addon.h"

struct native {
  napi_ref reference;
};

static void drop_native(napi_env env, void *data, void *hint) {
  struct native *native = (struct native *)data;
  MUST(napi_delete_reference(env, native->reference));
  free(native);
}

ADDON_FRAME static void wrap_object(napi_env env, napi_value object) {
  struct native *native = (struct native *)malloc(sizeof *native);
  MUST(napi_wrap(env, object, native, drop_native, NULL, &native->reference));
  MUST(napi_reference_ref(env, native->reference, NULL));
  MUST(napi_reference_unref(env, native->reference, NULL));
}

static napi_value run(napi_env env, napi_callback_info info) {
  wrap_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
