/* ok__deferred-settled-twice__both.c - two promises, each settled once. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_deferred first, second;
  napi_value result, other;
  MUST(napi_create_promise(env, &first, &result));
  MUST(napi_create_promise(env, &second, &other));
  MUST(napi_resolve_deferred(env, first, addon_number(env, 1)));
  MUST(napi_resolve_deferred(env, second, result));
  return other;
}

ADDON_EXPORTS({"run", run})
