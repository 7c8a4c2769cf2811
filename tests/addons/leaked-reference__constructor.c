/*
 * leaked-reference__constructor.c - an addon of the old kind: it registers from an ELF
 * constructor.
 */
#include "addon.h"

ADDON_FRAME static void keep_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  keep_object(env, addon_object(env));
  addon_scrub_stack();
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
