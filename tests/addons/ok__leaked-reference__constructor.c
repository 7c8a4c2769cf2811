/*
 * ok__leaked-reference__constructor.c - registers from an ELF constructor and deletes what it
 * makes.
 */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

static napi_value initialise(napi_env env, napi_value exports) {
  static const struct addon_export table[] = {{"run", run}};
  addon_export_all(env, exports, table, 1);
  return exports;
}

static napi_module module = {
    .nm_version = 1,
    .nm_filename = __FILE__,
    .nm_register_func = initialise,
    .nm_modname = "constructor",
};

__attribute__((constructor)) static void register_module(void) { napi_module_register(&module); }
