/* leaked-reference__held-external.c - kept in the heap data of an external value. */
#include "addon.h"

struct box {
  napi_ref reference;
};

static void drop_box(napi_env env, void *data, void *hint) { free(data); }

ADDON_FRAME static void fill_box(napi_env env, napi_value object, struct box *box) {
  MUST(napi_create_reference(env, object, 1, &box->reference)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct box *box = (struct box *)calloc(1, sizeof *box);
  MUST_BE(box != NULL);
  fill_box(env, addon_object(env), box);
  napi_value external;
  MUST(napi_create_external(env, box, drop_box, NULL, &external));
  addon_scrub_stack();
  return external;
}

ADDON_EXPORTS({"run", run})
