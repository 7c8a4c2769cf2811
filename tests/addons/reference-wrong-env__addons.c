/*
 * reference-wrong-env__addons.c - a reference goes from one addon to another by way of JavaScript.
 *
 * Each addon has an env of its own; the driver loads this one and a copy of it.
 */
#include "addon.h"

static napi_ref kept;

static napi_value make(napi_env env, napi_callback_info info) {
  MUST(napi_create_reference(env, addon_object(env), 1, &kept)); /* AT created */
  return addon_pointer_out(env, kept);
}

ADDON_FRAME static void use_foreign(napi_env env, napi_ref reference) {
  napi_value value = NULL;
  (void)napi_get_reference_value(env, reference, &value); /* DEFECT used */
}

static napi_value use(napi_env env, napi_callback_info info) {
  use_foreign(env, (napi_ref)addon_pointer_in(env, info));
  return NULL;
}

static napi_value drop(napi_env env, napi_callback_info info) {
  MUST(napi_delete_reference(env, kept));
  return NULL;
}

ADDON_EXPORTS({"make", make}, {"use", use}, {"drop", drop})
