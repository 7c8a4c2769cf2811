/*
 * ok__finalizer-gc-unsafe__plain.c - a finalizer that frees, deletes a reference and adjusts a
 * sum: all that is basic.
 */
#include "addon.h"

struct native {
  napi_ref reference;
};

static void on_collected(napi_env env, void *data, void *hint) {
  struct native *native = (struct native *)data;
  int64_t total;
  MUST(napi_delete_reference(env, native->reference));
  (void)napi_adjust_external_memory(env, -1000, &total);
  free(native);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct native *native = (struct native *)calloc(1, sizeof *native);
  MUST_BE(native != NULL);
  napi_value external;
  int64_t total;
  MUST(napi_create_reference(env, addon_object(env), 0, &native->reference));
  MUST(napi_create_external(env, native, on_collected, NULL, &external));
  MUST(napi_adjust_external_memory(env, 1000, &total));
  return NULL;
}

ADDON_EXPORTS({"run", run})
