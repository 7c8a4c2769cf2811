/*
 * ok__calls__buffers.c - buffers, array buffers, typed arrays, data views: each function once,
 * contents checked.
 */
#define NAPI_VERSION 8
#include "addon.h"

static int n_freed;

static void drop(napi_env env, void *data, void *hint) {
  MUST_BE(hint == &n_freed);
  n_freed++;
  free(data);
}

static void buffers(napi_env env) {
  napi_value value;
  void *bytes, *found;
  size_t length;
  bool flag;
  MUST(napi_create_buffer(env, 8, &bytes, &value));
  MUST(napi_get_buffer_info(env, value, &found, &length));
  MUST(napi_is_buffer(env, value, &flag));
  MUST_BE(flag && found == bytes && length == 8);
  MUST(napi_create_buffer_copy(env, 4, "abc", &bytes, &value));
  MUST(napi_get_buffer_info(env, value, &found, &length));
  MUST_BE(length == 4 && memcmp(found, "abc", 4) == 0);
  void *own = calloc(1, 16);
  MUST(napi_create_external_buffer(env, 16, own, drop, &n_freed, &value));
  MUST(napi_get_buffer_info(env, value, &found, &length));
  MUST_BE(found == own && length == 16);
}

static void array_buffers(napi_env env) {
  napi_value value, typed, view, of;
  void *bytes, *found;
  size_t length, offset;
  napi_typedarray_type type;
  bool flag;
  MUST(napi_create_arraybuffer(env, 32, &bytes, &value));
  MUST(napi_is_arraybuffer(env, value, &flag));
  MUST(napi_get_arraybuffer_info(env, value, &found, &length));
  MUST_BE(flag && found == bytes && length == 32);
  MUST(napi_create_typedarray(env, napi_uint16_array, 4, value, 8, &typed));
  MUST(napi_is_typedarray(env, typed, &flag));
  MUST_BE(flag);
  MUST(napi_get_typedarray_info(env, typed, &type, &length, &found, &of, &offset));
  MUST_BE(type == napi_uint16_array && length == 4 && offset == 8 && found == (char *)bytes + 8);
  MUST(napi_create_dataview(env, 8, value, 16, &view));
  MUST(napi_is_dataview(env, view, &flag));
  MUST_BE(flag);
  MUST(napi_get_dataview_info(env, view, &length, &found, &of, &offset));
  MUST_BE(length == 8 && offset == 16);
  MUST(napi_detach_arraybuffer(env, value));
  MUST(napi_is_detached_arraybuffer(env, value, &flag));
  MUST_BE(flag);
  MUST(napi_create_external_arraybuffer(env, calloc(1, 64), 64, drop, &n_freed, &value));
}

static napi_value run(napi_env env, napi_callback_info info) {
  buffers(env);
  array_buffers(env);
  return NULL;
}

static napi_value freed(napi_env env, napi_callback_info info) {
  return addon_number(env, n_freed > 0 ? 1 : -1);
}

ADDON_EXPORTS({"run", run}, {"freed", freed})
