/* ok__unclosed-callback-scope__callback.c - opened, a call made, closed; the context destroyed. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name, resource = addon_object(env), function = addon_argument(env, info), undefined;
  napi_async_context context;
  napi_callback_scope scope;
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_create_string_utf8(env, "scope", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, resource, name, &context));
  MUST(napi_open_callback_scope(env, resource, context, &scope));
  MUST(napi_call_function(env, undefined, function, 0, NULL, NULL));
  MUST(napi_close_callback_scope(env, scope));
  MUST(napi_make_callback(env, context, resource, function, 0, NULL, NULL));
  MUST(napi_async_destroy(env, context));
  return NULL;
}

ADDON_EXPORTS({"run", run})
