/*
 * ok__external-pointer-shared__two.c - the same address twice, one after the other has been freed.
 */
#include "addon.h"

static void drop(napi_env env, void *data, void *hint) { free(data); }

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value pair, value;
  MUST(napi_create_array(env, &pair));
  for (uint32_t i = 0; i < 2; i++) {
    MUST(napi_create_external(env, malloc(64), drop, NULL, &value));
    MUST(napi_set_element(env, pair, i, value));
  }
  return pair;
}

ADDON_EXPORTS({"run", run})
