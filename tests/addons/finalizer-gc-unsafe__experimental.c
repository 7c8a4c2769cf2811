/* finalizer-gc-unsafe__experimental.c - the same in an experimental module: the runtime aborts. */
#define ADDON_EXPERIMENTAL
#include "addon.h"

ADDON_FRAME static void on_collected(node_api_basic_env env, void *data, void *hint) {
  napi_value object;
  napi_create_object((napi_env)env, &object); /* DEFECT used */
  free(data);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value external;
  MUST(napi_create_external(env, malloc(8), on_collected, NULL, &external));
  return NULL;
}

ADDON_EXPORTS({"run", run})
