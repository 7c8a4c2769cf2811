/*
 * ok__leaked-reference__held-external.c - the external's finalizer deletes it, be it at the very
 * end.
 */
#include "addon.h"

struct box {
  napi_ref reference;
};

static void drop_box(napi_env env, void *data, void *hint) {
  MUST(napi_delete_reference(env, ((struct box *)data)->reference));
  free(data);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct box *box = (struct box *)calloc(1, sizeof *box);
  MUST_BE(box != NULL);
  MUST(napi_create_reference(env, addon_object(env), 1, &box->reference));
  napi_value external;
  MUST(napi_create_external(env, box, drop_box, NULL, &external));
  return external;
}

ADDON_EXPORTS({"run", run})
