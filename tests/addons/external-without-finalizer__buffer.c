/*
 * external-without-finalizer__buffer.c - external memory without a finalizer: nobody will ever
 * free it.
 */
#include "addon.h"

ADDON_FRAME static napi_value make(napi_env env) {
  napi_value value;
  void *native = malloc(64);
  MUST(napi_create_external(env, native, NULL, NULL, &value)); /* DEFECT created */
  return value;
}

static napi_value run(napi_env env, napi_callback_info info) { return make(env); }

ADDON_EXPORTS({"run", run})
