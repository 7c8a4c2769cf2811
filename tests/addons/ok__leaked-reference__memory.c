/* ok__leaked-reference__memory.c - references to values with memory behind them, deleted. */
#include "addon.h"

enum { BUFFERS = 97, BUFFER_BYTES = 65536, VIEWS = 5 };

ADDON_FRAME static void use(napi_env env, napi_value value) {
  napi_ref reference;
  MUST(napi_create_reference(env, value, 1, &reference));
  MUST(napi_delete_reference(env, reference));
}

ADDON_FRAME static void use_buffers(napi_env env) {
  for (volatile int i = 0; i < BUFFERS; i++) {
    napi_value buffer;
    void *bytes;
    MUST(napi_create_arraybuffer(env, BUFFER_BYTES, &bytes, &buffer));
    use(env, buffer);
  }
}

/* Views of one buffer: its memory counts once. */
ADDON_FRAME static void use_views(napi_env env) {
  napi_value buffer, view;
  void *bytes;
  MUST(napi_create_arraybuffer(env, 4096, &bytes, &buffer));
  for (volatile int i = 0; i < VIEWS; i++) {
    MUST(napi_create_typedarray(env, napi_uint8_array, 4096, buffer, 0, &view));
    use(env, view);
  }
}

ADDON_FRAME static void use_dataview(napi_env env) {
  napi_value buffer, view;
  void *bytes;
  MUST(napi_create_arraybuffer(env, 100, &bytes, &buffer));
  MUST(napi_create_dataview(env, 80, buffer, 20, &view));
  use(env, view);
}

ADDON_FRAME static void use_others(napi_env env) {
  napi_value value;
  MUST(napi_create_array(env, &value));
  use(env, value);
}

static napi_value run(napi_env env, napi_callback_info info) {
  use_buffers(env);
  use_views(env);
  use_dataview(env);
  use_others(env);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
