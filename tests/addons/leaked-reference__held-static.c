/*
 * leaked-reference__held-static.c - kept in static data until the end, as most addons keep their
 * constructors.
 */
#include "addon.h"

static napi_ref constructor;

ADDON_FRAME static void keep_constructor(napi_env env, napi_value object) {
  MUST(napi_create_reference(env, object, 1, &constructor)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  keep_constructor(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
