/* stale-handle__kept.c - a value is kept in a static variable and used in the next call. */
#include "addon.h"

static napi_value kept;

ADDON_FRAME static void remember(napi_env env) {
  MUST(napi_create_object(env, &kept)); /* AT origin */
}

static napi_value make(napi_env env, napi_callback_info info) {
  remember(env);
  return NULL;
}

ADDON_FRAME static void use_kept(napi_env env) {
  napi_valuetype type;
  (void)napi_typeof(env, kept, &type); /* DEFECT used */
}

static napi_value use(napi_env env, napi_callback_info info) {
  use_kept(env);
  return NULL;
}

ADDON_EXPORTS({"make", make}, {"use", use})
