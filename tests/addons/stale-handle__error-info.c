/* stale-handle__error-info.c - an exception object that was taken is looked at in a later call. */
#include "addon.h"

static napi_value kept;

static napi_value make(napi_env env, napi_callback_info info) {
  MUST(napi_throw_error(env, NULL, "first"));
  MUST(napi_get_and_clear_last_exception(env, &kept)); /* AT origin */
  return NULL;
}

ADDON_FRAME static void look_at_kept(napi_env env) {
  bool is_error = false;
  (void)napi_is_error(env, kept, &is_error); /* DEFECT used */
}

static napi_value use(napi_env env, napi_callback_info info) {
  look_at_kept(env);
  return NULL;
}

ADDON_EXPORTS({"make", make}, {"use", use})
