/* callback-info-after-return__kept.c - the info of a callback is kept and asked later. */
#include "addon.h"

static napi_callback_info kept;

static napi_value keep(napi_env env, napi_callback_info info) {
  kept = info;
  return NULL;
}

ADDON_FRAME static void ask_kept(napi_env env) {
  size_t argc = 0;
  (void)napi_get_cb_info(env, kept, &argc, NULL, NULL, NULL); /* DEFECT used */
}

ADDON_FRAME static void ask_target(napi_env env) {
  napi_value target = NULL;
  (void)napi_get_new_target(env, kept, &target); /* DEFECT target */
}

static napi_value ask(napi_env env, napi_callback_info info) {
  ask_kept(env);
  return NULL;
}

static napi_value ask_new_target(napi_env env, napi_callback_info info) {
  ask_target(env);
  return NULL;
}

ADDON_EXPORTS({"keep", keep}, {"ask", ask}, {"askNewTarget", ask_new_target})
