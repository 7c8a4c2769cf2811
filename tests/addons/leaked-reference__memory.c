/*
 * leaked-reference__memory.c - lost references to values with memory behind them, some of which
 * share it.
 */
#include "addon.h"

enum { BUFFERS = 97, BUFFER_BYTES = 65536, VIEWS = 5 };

ADDON_FRAME static void lose(napi_env env, napi_value value) {
  napi_ref reference;
  MUST(napi_create_reference(env, value, 1, &reference)); /* DEFECT created */
}

ADDON_FRAME static void lose_buffers(napi_env env) {
  for (volatile int i = 0; i < BUFFERS; i++) {
    napi_value buffer;
    void *bytes;
    MUST(napi_create_arraybuffer(env, BUFFER_BYTES, &bytes, &buffer));
    lose(env, buffer);
  }
}

/* Views of one buffer: its memory counts once. */
ADDON_FRAME static void lose_views(napi_env env) {
  napi_value buffer, view;
  void *bytes;
  MUST(napi_create_arraybuffer(env, 4096, &bytes, &buffer));
  for (volatile int i = 0; i < VIEWS; i++) {
    MUST(napi_create_typedarray(env, napi_uint8_array, 4096, buffer, 0, &view));
    lose(env, view);
  }
}

ADDON_FRAME static void lose_dataview(napi_env env) {
  napi_value buffer, view;
  void *bytes;
  MUST(napi_create_arraybuffer(env, 100, &bytes, &buffer));
  MUST(napi_create_dataview(env, 80, buffer, 20, &view));
  lose(env, view);
}

ADDON_FRAME static void lose_others(napi_env env) {
  napi_value value;
  MUST(napi_create_array(env, &value));
  lose(env, value);
}

static napi_value run(napi_env env, napi_callback_info info) {
  lose_buffers(env);
  lose_views(env);
  lose_dataview(env);
  lose_others(env);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
