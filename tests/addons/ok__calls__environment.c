/*
 * ok__calls__environment.c - versions, instance data, hooks, async contexts, the module's file
 * name.
 */
#define NAPI_VERSION 9
#include "addon.h"

static int instance, hook_argument;

static void on_end(void *arg) { MUST_BE(arg == &hook_argument); }

static void drop_instance(napi_env env, void *data, void *hint) {
  MUST_BE(data == &instance && hint == &instance);
}

static napi_value run(napi_env env, napi_callback_info info) {
  uint32_t version;
  const napi_node_version *node;
  const char *file_name = NULL;
  void *data = NULL;
  int64_t memory;
  napi_value name, symbol, resource = addon_object(env);
  napi_async_context context;
  MUST(napi_get_version(env, &version));
  MUST(napi_get_node_version(env, &node));
  MUST_BE(version >= 8 && node->major > 0);
  MUST(node_api_get_module_file_name(env, &file_name));
  MUST_BE(strstr(file_name, "ok__calls__environment.node") != NULL);
  MUST(node_api_symbol_for(env, "shared", NAPI_AUTO_LENGTH, &symbol));
  MUST(napi_set_instance_data(env, &instance, drop_instance, &instance));
  MUST(napi_get_instance_data(env, &data));
  MUST_BE(data == &instance);
  MUST(napi_add_env_cleanup_hook(env, on_end, &hook_argument));
  MUST(napi_remove_env_cleanup_hook(env, on_end, &hook_argument));
  MUST(napi_add_env_cleanup_hook(env, on_end, &hook_argument));
  MUST(napi_adjust_external_memory(env, 4096, &memory));
  MUST(napi_adjust_external_memory(env, -4096, &memory));
  MUST(napi_create_string_utf8(env, "context", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, resource, name, &context));
  MUST(napi_async_destroy(env, context));
  return NULL;
}

ADDON_EXPORTS({"run", run})
