/* ok__stale-handle__undefined.c - undefined asked for in each call. */
#include "addon.h"

static napi_value use(napi_env env, napi_callback_info info) {
  napi_valuetype type;
  napi_value undefined;
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_typeof(env, undefined, &type));
  MUST_BE(type == napi_undefined);
  return undefined;
}

ADDON_EXPORTS({"make", use}, {"use", use})
