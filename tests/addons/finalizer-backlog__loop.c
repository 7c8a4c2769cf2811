/*
 * finalizer-backlog__loop.c - 300 buffers of a megabyte each, collected while a synchronous loop
 * lets no finalizer run.
 */
#include "addon.h"

static int n_live, n_most;

static void drop(napi_env env, void *data, void *hint) {
  n_live--;
  free(data);
}

ADDON_FRAME static void make_one(napi_env env) {
  napi_value value;
  void *bytes = calloc(1, 1 << 20);
  MUST_BE(bytes != NULL);
  MUST(napi_create_external(env, bytes, drop, NULL, &value)); /* DEFECT created */
  if (++n_live > n_most)
    n_most = n_live;
}

static napi_value run(napi_env env, napi_callback_info info) {
  make_one(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
