/* ok__leaked-async-context__local.c - destroyed after a callback was made in it. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name, resource = addon_object(env), function = addon_argument(env, info);
  napi_async_context context;
  MUST(napi_create_string_utf8(env, "context", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, resource, name, &context));
  MUST(napi_make_callback(env, context, resource, function, 0, NULL, NULL));
  MUST(napi_async_destroy(env, context));
  return NULL;
}

ADDON_EXPORTS({"run", run})
