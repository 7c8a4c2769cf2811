/*
 * finalizer-gc-unsafe__plain.c - a finalizer makes an object: fine today, fatal in a module that
 * declares experimental.
 */
#include "addon.h"

ADDON_FRAME static void on_collected(napi_env env, void *data, void *hint) {
  napi_value object;
  napi_create_object(env, &object); /* DEFECT used */
  free(data);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value external;
  MUST(napi_create_external(env, malloc(8), on_collected, NULL, &external));
  return NULL;
}

ADDON_EXPORTS({"run", run})
