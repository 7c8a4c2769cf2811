/* unclosed-callback-scope__callback.c - a callback scope is opened and never closed. */
#include "addon.h"

ADDON_FRAME static void enter(napi_env env, napi_async_context context) {
  napi_callback_scope scope;
  MUST(napi_open_callback_scope(env, NULL, context, &scope)); /* DEFECT opened */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  napi_async_context context;
  MUST(napi_create_string_utf8(env, "scope", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, NULL, name, &context));
  enter(env, context);
  return NULL;
}

ADDON_EXPORTS({"run", run})
