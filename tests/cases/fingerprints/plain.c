/*
 * plain.c - five lost references of one call site and three of another, behind helpers that a
 * compiler may inline, clone or reorder as it likes: for fingerprints over builds.
 */
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

struct cache {
  napi_env env;
  size_t n;
};
static struct cache *the_cache;

#ifdef MORE_ABOVE
static napi_value count(napi_env env, napi_callback_info info) {
  napi_value result;
  (void)info;
  napi_create_double(env, the_cache != NULL ? (double)the_cache->n : 0, &result);
  return result;
}
#endif

static napi_status remember(struct cache *cache, napi_value value, uint32_t initial) {
  napi_ref lost;
  napi_status status = napi_create_reference(cache->env, value, initial, &lost);
  if (status == napi_ok)
    cache->n++;
  return status;
}

static bool note(napi_env env, napi_value value, int how) {
  if (the_cache == NULL) {
    the_cache = calloc(1, sizeof *the_cache);
    the_cache->env = env;
  }
  if (how == 7)
    the_cache->n += strlen("seven");
  return remember(the_cache, value, 1) == napi_ok;
}

static napi_value first_argument(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  return napi_get_cb_info(env, info, &argc, argv, NULL, NULL) == napi_ok ? argv[0] : NULL;
}

static napi_value put(napi_env env, napi_callback_info info) {
  napi_value result;
  napi_get_boolean(env, note(env, first_argument(env, info), 3), &result);
  return result;
}

static napi_value watch(napi_env env, napi_callback_info info) {
  napi_ref lost;
  napi_value object = first_argument(env, info);
  napi_status status = napi_create_reference(env, object, 0, &lost);
  return status == napi_ok ? object : NULL;
}

NAPI_MODULE_INIT() {
  napi_value function;
#ifdef MORE_ABOVE
  napi_create_function(env, "count", NAPI_AUTO_LENGTH, count, NULL, &function);
  napi_set_named_property(env, exports, "count", function);
#endif
  napi_create_function(env, "put", NAPI_AUTO_LENGTH, put, NULL, &function);
  napi_set_named_property(env, exports, "put", function);
  napi_create_function(env, "watch", NAPI_AUTO_LENGTH, watch, NULL, &function);
  napi_set_named_property(env, exports, "watch", function);
  return exports;
}
