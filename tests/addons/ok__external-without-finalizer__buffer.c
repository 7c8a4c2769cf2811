/* ok__external-without-finalizer__buffer.c - an external with a finalizer. */
#include "addon.h"

static void drop(napi_env env, void *data, void *hint) { free(data); }

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value;
  MUST(napi_create_external(env, malloc(64), drop, NULL, &value));
  return value;
}

ADDON_EXPORTS({"run", run})
