/* leaked-async-context__local.c - napi_async_init without napi_async_destroy. */
#include "addon.h"

ADDON_FRAME static void make(napi_env env, napi_value resource, napi_value name) {
  napi_async_context context;
  MUST(napi_async_init(env, resource, name, &context)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "context", NAPI_AUTO_LENGTH, &name));
  make(env, addon_object(env), name);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
