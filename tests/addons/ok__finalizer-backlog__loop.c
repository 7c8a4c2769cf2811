/* ok__finalizer-backlog__loop.c - the same buffers with turns of the event loop between them. */
#include "addon.h"

static void drop(napi_env env, void *data, void *hint) { free(data); }

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value;
  void *bytes = calloc(1, 1 << 20);
  MUST_BE(bytes != NULL);
  MUST(napi_create_external(env, bytes, drop, NULL, &value));
  return NULL;
}

ADDON_EXPORTS({"run", run})
