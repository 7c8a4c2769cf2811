/* leaked-reference__value-types.c - objects of every type that a stable module may refer to. */
#include "addon.h"

ADDON_FRAME static void lose(napi_env env, napi_value value) {
  napi_ref reference;
  MUST(napi_create_reference(env, value, 1, &reference)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value;
  lose(env, addon_object(env));
  MUST(napi_create_array(env, &value));
  lose(env, value);
  MUST(napi_create_function(env, "f", NAPI_AUTO_LENGTH, run, NULL, &value));
  lose(env, value);
  MUST(napi_create_symbol(env, NULL, &value));
  lose(env, value);
  void *bytes;
  MUST(napi_create_arraybuffer(env, 8, &bytes, &value));
  lose(env, value);
  MUST(napi_create_date(env, 0, &value));
  lose(env, value);
  napi_deferred deferred;
  MUST(napi_create_promise(env, &deferred, &value));
  lose(env, value);
  napi_value undefined;
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_resolve_deferred(env, deferred, undefined));
  MUST(napi_create_external(env, &undefined, NULL, NULL, &value));
  lose(env, value);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
