/*
 * handle-outside-scope__closing.c - a libuv handle closed at the end of the env makes an object in
 * its close callback.
 *
 * Node happens to have a scope of its own open at that time, so nothing crashes; nothing is
 * promised either.
 */
#include "addon.h"

struct uv_loop_s;
extern int uv_idle_init(struct uv_loop_s *loop, void *handle);
extern void uv_close(void *handle, void (*callback)(void *));

/* Larger than any uv_idle_t so far (120 bytes). */
static _Alignas(16) unsigned char handle[512];
static napi_env handle_env;

ADDON_FRAME static void make_object(napi_env env) {
  napi_value object;
  MUST(napi_create_object(env, &object)); /* DEFECT used */
}

static void on_closed(void *unused) {
  make_object(handle_env);
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
