/* ok__reference-double-delete__finalizer.c - close() says that it did it. */
#include "addon.h"

struct native {
  napi_ref reference;
};

static void native_close(napi_env env, struct native *native) {
  if (native->reference)
    MUST(napi_delete_reference(env, native->reference));
  native->reference = NULL;
}

static void on_collected(napi_env env, void *data, void *hint) {
  native_close(env, (struct native *)data);
  free(data);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct native *native = (struct native *)calloc(1, sizeof *native);
  MUST_BE(native != NULL);
  napi_value external;
  MUST(napi_create_reference(env, addon_object(env), 1, &native->reference));
  MUST(napi_create_external(env, native, on_collected, NULL, &external));
  native_close(env, native);
  return NULL;
}

ADDON_EXPORTS({"run", run})
