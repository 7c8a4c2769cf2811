/*
 * unsettled-deferred__held.c - a promise that is pending at the end, its deferred still in static
 * data: a note.
 */
#include "addon.h"

static napi_deferred kept;

ADDON_FRAME static napi_value promise(napi_env env) {
  napi_value result;
  MUST(napi_create_promise(env, &kept, &result)); /* DEFECT created */
  return result;
}

static napi_value run(napi_env env, napi_callback_info info) { return promise(env); }

ADDON_EXPORTS({"run", run})
