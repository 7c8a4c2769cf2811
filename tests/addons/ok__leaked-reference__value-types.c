/* ok__leaked-reference__value-types.c - the same types, each reference read back and deleted. */
#include "addon.h"

ADDON_FRAME static void use(napi_env env, napi_value value) {
  napi_ref reference;
  MUST(napi_create_reference(env, value, 1, &reference));
  napi_value again = NULL;
  MUST(napi_get_reference_value(env, reference, &again));
  bool is_same = false;
  MUST(napi_strict_equals(env, value, again, &is_same));
  MUST_BE(is_same);
  MUST(napi_delete_reference(env, reference));
}

static void drop_int(napi_env env, void *data, void *hint) { free(data); }

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value value;
  use(env, addon_object(env));
  MUST(napi_create_array(env, &value));
  use(env, value);
  MUST(napi_create_function(env, "f", NAPI_AUTO_LENGTH, run, NULL, &value));
  use(env, value);
  MUST(napi_create_symbol(env, NULL, &value));
  use(env, value);
  void *bytes;
  MUST(napi_create_arraybuffer(env, 8, &bytes, &value));
  use(env, value);
  MUST(napi_create_date(env, 0, &value));
  use(env, value);
  napi_deferred deferred;
  MUST(napi_create_promise(env, &deferred, &value));
  use(env, value);
  napi_value undefined;
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_resolve_deferred(env, deferred, undefined));
  MUST(napi_create_external(env, malloc(4), drop_int, NULL, &value));
  use(env, value);
  return NULL;
}

ADDON_EXPORTS({"run", run})
