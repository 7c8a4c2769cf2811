/* ok__stale-handle__kept.c - a reference is kept, and its value asked for anew in each call. */
#include "addon.h"

static napi_ref kept;

static napi_value make(napi_env env, napi_callback_info info) {
  MUST(napi_create_reference(env, addon_object(env), 1, &kept));
  return NULL;
}

static napi_value use(napi_env env, napi_callback_info info) {
  napi_valuetype type;
  napi_value value;
  MUST(napi_get_reference_value(env, kept, &value));
  MUST(napi_typeof(env, value, &type));
  MUST_BE(type == napi_object);
  MUST(napi_delete_reference(env, kept));
  return NULL;
}

ADDON_EXPORTS({"make", make}, {"use", use})
