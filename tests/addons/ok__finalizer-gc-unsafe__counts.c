/*
 * ok__finalizer-gc-unsafe__counts.c - what binding libraries do in the finalizer of each object:
 * read a reference and take its count down.
 */
#include "addon.h"

struct item {
  napi_ref reference;
};

ADDON_FRAME static void on_collected(napi_env env, void *data, void *hint) {
  struct item *item = (struct item *)data;
  napi_value value;
  MUST(napi_get_reference_value(env, item->reference, &value)); /* AT value */
  MUST(napi_reference_unref(env, item->reference, NULL));       /* AT unref */
  MUST(napi_delete_reference(env, item->reference));
  free(item);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct item *item = (struct item *)malloc(sizeof *item);
  napi_value external;
  MUST(napi_create_reference(env, addon_object(env), 1, &item->reference));
  MUST(napi_create_external(env, item, on_collected, NULL, &external));
  return NULL;
}

ADDON_EXPORTS({"run", run})
