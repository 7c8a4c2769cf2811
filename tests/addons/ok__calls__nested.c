/*
 * ok__calls__nested.c - callbacks in one another, more of them than napicheck has infos in one
 * place: each gets its own data and arguments, also when it asks again after the inner ones.
 */
#include "addon.h"

static int payload = 33;

static void ask(napi_env env, napi_callback_info info, napi_value *argv, int32_t *depth) {
  size_t argc = 2;
  void *data = NULL;
  MUST(napi_get_cb_info(env, info, &argc, argv, NULL, &data));
  MUST_BE(argc == 2 && data == &payload);
  MUST(napi_get_value_int32(env, argv[0], depth));
}

static napi_value nest(napi_env env, napi_callback_info info) {
  napi_value argv[2], again[2], inner[2], undefined, result;
  int32_t depth, depth_again;
  ask(env, info, argv, &depth);
  if (depth == 0)
    return argv[0];
  MUST(napi_create_int32(env, depth - 1, &inner[0]));
  inner[1] = argv[1];
  MUST(napi_get_undefined(env, &undefined));
  MUST(napi_call_function(env, undefined, argv[1], 2, inner, &result));
  ask(env, info, again, &depth_again);
  MUST_BE(depth_again == depth);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  MUST(napi_create_function(env, "nest", NAPI_AUTO_LENGTH, nest, &payload, &function));
  MUST(napi_set_named_property(env, exports, "nest", function));
  return exports;
}
