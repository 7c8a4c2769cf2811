/* ok__stale-handle__error-info.c - taken and thrown again in the same call. */
#include "addon.h"

static napi_value make(napi_env env, napi_callback_info info) {
  napi_value exception;
  MUST(napi_throw_error(env, NULL, "first"));
  MUST(napi_get_and_clear_last_exception(env, &exception));
  MUST(napi_throw(env, exception));
  return NULL;
}

ADDON_EXPORTS({"make", make})
