/* stale-handle__undefined.c - undefined kept over calls: works in practice, promised nowhere. */
#include "addon.h"

static napi_value kept;

static napi_value make(napi_env env, napi_callback_info info) {
  MUST(napi_get_undefined(env, &kept));
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
