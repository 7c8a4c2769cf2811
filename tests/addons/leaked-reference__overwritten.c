/*
 * leaked-reference__overwritten.c - a static variable is written over; only the last one is still
 * held.
 */
#include "addon.h"

static napi_ref last_object;

ADDON_FRAME static void remember(napi_env env, napi_value object) {
  MUST(napi_create_reference(env, object, 1, &last_object)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  remember(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
