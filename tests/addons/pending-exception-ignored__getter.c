/*
 * pending-exception-ignored__getter.c - a getter throws, which Node before 22 answers with another
 * status than napi_pending_exception, and the next call is refused.
 */
#include "addon.h"

ADDON_FRAME static void read_thrower(napi_env env, napi_value object) {
  napi_value value;
  (void)napi_get_named_property(env, object, "boom", &value); /* AT failed */
}

ADDON_FRAME static void go_on(napi_env env, napi_value object) {
  (void)napi_set_named_property(env, object, "x", object); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env), exception;
  read_thrower(env, addon_argument(env, info));
  go_on(env, object);
  MUST(napi_get_and_clear_last_exception(env, &exception));
  return NULL;
}

ADDON_EXPORTS({"run", run})
