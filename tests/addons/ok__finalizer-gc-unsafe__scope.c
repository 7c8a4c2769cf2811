/*
 * ok__finalizer-gc-unsafe__scope.c - the scope is opened in the finalizer that was put off; the
 * basic one calls what basic finalizers may.
 */
#define ADDON_EXPERIMENTAL
#include "addon.h"

extern napi_status node_api_post_finalizer(node_api_basic_env env, napi_finalize callback,
                                           void *data, void *hint);

static int n_late;

static void late(napi_env env, void *data, void *hint) {
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(env, &scope));
  addon_object(env);
  MUST(napi_close_handle_scope(env, scope));
  n_late++;
  free(data);
}

static void on_collected(node_api_basic_env env, void *data, void *hint) {
  int64_t size;
  void *instance;
  MUST(napi_adjust_external_memory(env, 0, &size));
  MUST(napi_get_instance_data(env, &instance));
  MUST(node_api_post_finalizer(env, late, data, hint));
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value external;
  MUST(napi_create_external(env, malloc(8), on_collected, NULL, &external));
  return NULL;
}

static napi_value count(napi_env env, napi_callback_info info) {
  return addon_number(env, n_late > 0);
}

ADDON_EXPORTS({"run", run}, {"count", count})
