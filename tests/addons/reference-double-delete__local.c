/* reference-double-delete__local.c - deleted by the error path and once more at the end. */
#include "addon.h"

ADDON_FRAME static void drop_on_error(napi_env env, napi_ref reference) {
  MUST(napi_delete_reference(env, reference)); /* AT deleted */
}

ADDON_FRAME static void drop_at_end(napi_env env, napi_ref reference) {
  (void)napi_delete_reference(env, reference); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference)); /* AT created */
  drop_on_error(env, reference);
  drop_at_end(env, reference);
  return NULL;
}

ADDON_EXPORTS({"run", run})
