/* reference-double-delete__finalizer.c - deleted by close(), and again by the finalizer. */
#include "addon.h"

struct native {
  napi_ref reference;
};

ADDON_FRAME static void on_collected(napi_env env, void *data, void *hint) {
  struct native *native = (struct native *)data;
  (void)napi_delete_reference(env, native->reference); /* DEFECT used */
  free(native);
}

ADDON_FRAME static void native_close(napi_env env, struct native *native) {
  MUST(napi_delete_reference(env, native->reference)); /* AT deleted */
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct native *native = (struct native *)calloc(1, sizeof *native);
  MUST_BE(native != NULL);
  napi_value external;
  MUST(napi_create_reference(env, addon_object(env), 1, &native->reference)); /* AT created */
  MUST(napi_create_external(env, native, on_collected, NULL, &external));
  native_close(env, native);
  return NULL;
}

ADDON_EXPORTS({"run", run})
