/* ok__handle-outside-scope__timer.c - the same timer; its callback opens a handle scope. */
#include "addon.h"

struct uv_loop_s;
extern int uv_timer_init(struct uv_loop_s *loop, void *timer);
extern int uv_timer_start(void *timer, void (*callback)(void *), uint64_t timeout, uint64_t repeat);
extern void uv_close(void *handle, void (*callback)(void *));

/* Larger than any uv_timer_t so far (152 bytes). */
static _Alignas(16) unsigned char timer[512];
static napi_env timer_env;
static int n_ticks;

static void on_tick(void *handle) {
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(timer_env, &scope));
  addon_object(timer_env);
  MUST(napi_close_handle_scope(timer_env, scope));
  if (++n_ticks == 5)
    uv_close(handle, NULL);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct uv_loop_s *loop;
  timer_env = env;
  n_ticks = 0;
  MUST(napi_get_uv_event_loop(env, &loop));
  MUST_BE(uv_timer_init(loop, timer) == 0 && uv_timer_start(timer, on_tick, 1, 1) == 0);
  return NULL;
}

ADDON_EXPORTS({"run", run})
