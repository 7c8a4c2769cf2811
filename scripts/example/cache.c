// cache.c: the demo's addon, a cache of JavaScript values with one defect: put() on a slot that is
// taken drops the old reference without deleting it. scripts/demo shows how that is found.
#include <node_api.h>

#define SLOTS 16

static napi_ref slots[SLOTS];

static napi_value put(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  uint32_t slot = 0;
  napi_get_value_uint32(env, argv[0], &slot);
  napi_create_reference(env, argv[1], 1, &slots[slot % SLOTS]); // the old one is lost here
  return NULL;
}

static napi_value get(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1], value = NULL;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  uint32_t slot = 0;
  napi_get_value_uint32(env, argv[0], &slot);
  if (slots[slot % SLOTS])
    napi_get_reference_value(env, slots[slot % SLOTS], &value);
  return value;
}

static napi_value cut(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  uint32_t slot = 0;
  napi_get_value_uint32(env, argv[0], &slot);
  if (slots[slot % SLOTS])
    napi_delete_reference(env, slots[slot % SLOTS]);
  slots[slot % SLOTS] = NULL;
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"put", NULL, put, NULL, NULL, NULL, napi_enumerable, NULL},
      {"get", NULL, get, NULL, NULL, NULL, napi_enumerable, NULL},
      {"cut", NULL, cut, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
