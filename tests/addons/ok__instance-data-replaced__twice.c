/*
 * ok__instance-data-replaced__twice.c - replaced where nothing is lost: the earlier data had no
 * finalizer.
 */
#include "addon.h"

static void drop(napi_env env, void *data, void *hint) { free(data); }

static int early;

static napi_value run(napi_env env, napi_callback_info info) {
  void *data = NULL;
  MUST(napi_set_instance_data(env, &early, NULL, NULL));
  MUST(napi_set_instance_data(env, malloc(8), drop, NULL));
  MUST(napi_get_instance_data(env, &data));
  MUST_BE(data != NULL && data != &early);
  return NULL;
}

ADDON_EXPORTS({"run", run})
