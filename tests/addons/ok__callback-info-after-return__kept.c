/*
 * ok__callback-info-after-return__kept.c - asked several times, and after nested callbacks came
 * and went.
 */
#include "addon.h"

static napi_value ask(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2], self, target = NULL;
  MUST(napi_get_cb_info(env, info, &argc, argv, &self, NULL));
  MUST(napi_get_new_target(env, info, &target));
  if (argc == 1)
    MUST(napi_call_function(env, self, argv[0], 0, NULL, NULL));
  argc = 2;
  MUST(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  return addon_number(env, (double)argc);
}

ADDON_EXPORTS({"ask", ask})
