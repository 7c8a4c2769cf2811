/*
 * ok__reference-wrong-env__addons.c - two addons, the value goes by JavaScript and each has a
 * reference of its own.
 */
#include "addon.h"

static napi_ref kept;

static napi_value make(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env);
  MUST(napi_create_reference(env, object, 1, &kept));
  return object;
}

static napi_value use(napi_env env, napi_callback_info info) {
  napi_value value = NULL;
  MUST(napi_create_reference(env, addon_argument(env, info), 1, &kept));
  MUST(napi_get_reference_value(env, kept, &value));
  return NULL;
}

static napi_value drop(napi_env env, napi_callback_info info) {
  MUST(napi_delete_reference(env, kept));
  return NULL;
}

ADDON_EXPORTS({"make", make}, {"use", use}, {"drop", drop})
