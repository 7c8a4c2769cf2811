/*
 * ok__stale-handle__descriptor.c - values, getters, setters and methods in descriptors, names by
 * value too.
 */
#include "addon.h"

static int stored = 5;

static napi_value get_x(napi_env env, napi_callback_info info) {
  void *data = NULL;
  MUST(napi_get_cb_info(env, info, NULL, NULL, NULL, &data));
  return addon_number(env, *(int *)data);
}

static napi_value set_x(napi_env env, napi_callback_info info) {
  void *data = NULL;
  napi_value argv[1];
  size_t argc = 1;
  MUST(napi_get_cb_info(env, info, &argc, argv, NULL, &data));
  MUST(napi_get_value_int32(env, argv[0], (int *)data));
  return NULL;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env), name, value = NULL;
  MUST(napi_create_string_utf8(env, "named", NAPI_AUTO_LENGTH, &name));
  napi_property_descriptor properties[] = {
      {"v", NULL, NULL, NULL, NULL, addon_number(env, 1), napi_default, NULL},
      {NULL, name, NULL, NULL, NULL, addon_number(env, 2), napi_enumerable, NULL},
      {"x", NULL, NULL, get_x, set_x, NULL, napi_default, &stored},
      {"m", NULL, get_x, NULL, NULL, NULL, napi_default, &stored},
  };
  MUST(napi_define_properties(env, object, 4, properties));
  MUST(napi_get_named_property(env, object, "x", &value));
  MUST(napi_set_named_property(env, object, "x", addon_number(env, 9)));
  MUST_BE(stored == 9);
  stored = 5;
  return value;
}

ADDON_EXPORTS({"run", run})
