/* ok__handle-outside-scope__closing.c - the same close callback with a scope. */
#include "addon.h"

struct uv_loop_s;
extern int uv_idle_init(struct uv_loop_s *loop, void *handle);
extern void uv_close(void *handle, void (*callback)(void *));

/* Larger than any uv_idle_t so far (120 bytes). */
static _Alignas(16) unsigned char handle[512];
static napi_env handle_env;

static void on_closed(void *unused) {
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(handle_env, &scope));
  addon_object(handle_env);
  MUST(napi_close_handle_scope(handle_env, scope));
  fprintf(stdout, "closed\n");
  fflush(stdout);
}

static void on_end(void *unused) { uv_close(handle, on_closed); }

static napi_value run(napi_env env, napi_callback_info info) {
  struct uv_loop_s *loop;
  handle_env = env;
  MUST(napi_get_uv_event_loop(env, &loop));
  MUST_BE(uv_idle_init(loop, handle) == 0);
  MUST(napi_add_env_cleanup_hook(env, on_end, NULL));
  return NULL;
}

ADDON_EXPORTS({"run", run})
