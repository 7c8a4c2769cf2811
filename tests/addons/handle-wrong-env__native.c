/*
 * handle-wrong-env__native.c - one addon calls another one's function, natively, which makes a
 * value with its own env.
 *
 * The driver loads this one and a copy of it; the copy hands out its function and its env.
 */
#include "addon.h"

struct interface {
  napi_env env;
  napi_value (*make)(napi_env env);
  napi_valuetype (*type_of)(napi_env env, napi_value value);
};

static struct interface interface;

ADDON_FRAME static napi_valuetype type_of(napi_env env, napi_value value) {
  napi_valuetype type;
  (void)napi_typeof(env, value, &type); /* DEFECT given */
  return type;
}

static napi_value hand_out(napi_env env, napi_callback_info info) {
  interface.env = env;
  interface.make = addon_object;
  interface.type_of = type_of;
  return addon_pointer_out(env, &interface);
}

ADDON_FRAME static void use_foreign(napi_env env, napi_value value) {
  napi_valuetype type;
  (void)napi_typeof(env, value, &type); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  const struct interface *other = (const struct interface *)addon_pointer_in(env, info);
  for (int i = 0; i < 3; i++)
    use_foreign(env, other->make(other->env));
  MUST_BE(other->type_of(other->env, addon_object(env)) == napi_object);
  return NULL;
}

ADDON_EXPORTS({"handOut", hand_out}, {"run", run})
