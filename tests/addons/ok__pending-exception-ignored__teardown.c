/*
 * ok__pending-exception-ignored__teardown.c - finalizers that run while the env is torn down:
 * calls are answered with napi_pending_exception there, and there is no exception.
 */
#include "addon.h"

static void collected(napi_env env, void *data, void *hint) {
  napi_value global, value;
  if (napi_get_global(env, &global) != napi_ok)
    return;
  if (napi_get_named_property(env, global, "Object", &value) == napi_ok)
    return;
  bool is_pending = true;
  MUST(napi_is_exception_pending(env, &is_pending));
  MUST_BE(!is_pending);
  /* Without asking, too. */
  (void)napi_throw_error(env, NULL, "refused");
  (void)napi_throw_error(env, NULL, "refused again");
}

static napi_value run(napi_env env, napi_callback_info info) {
  static int data;
  napi_value external;
  MUST(napi_create_external(env, &data, collected, NULL, &external));
  return external;
}

ADDON_EXPORTS({"run", run})
