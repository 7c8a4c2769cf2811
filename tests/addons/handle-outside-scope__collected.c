/*
 * handle-outside-scope__collected.c - objects made in a libuv timer's callback without a scope,
 * where that does not end the process: are they kept?
 */
#include "addon.h"

struct uv_loop_s;
extern int uv_timer_init(struct uv_loop_s *loop, void *timer);
extern int uv_timer_start(void *timer, void (*callback)(void *), uint64_t timeout, uint64_t repeat);
extern void uv_close(void *handle, void (*callback)(void *));

enum { N_TICKS = 20, N_OBJECTS = 10 };
/* Larger than any uv_timer_t so far (152 bytes). */
static _Alignas(16) unsigned char timer[512];
static napi_env timer_env;
static int n_ticks, n_collected;

static void on_collected(napi_env env, void *data, void *hint) { n_collected++; }

ADDON_FRAME static void make_objects(napi_env env) {
  napi_value object;
  for (int i = 0; i < N_OBJECTS; i++) {
    MUST(napi_create_object(env, &object)); /* DEFECT used */
    MUST(napi_add_finalizer(env, object, NULL, on_collected, NULL, NULL));
  }
}

static void on_tick(void *handle) {
  make_objects(timer_env);
  if (++n_ticks == N_TICKS)
    uv_close(handle, NULL);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct uv_loop_s *loop;
  timer_env = env;
  MUST(napi_get_uv_event_loop(env, &loop));
  MUST_BE(uv_timer_init(loop, timer) == 0 && uv_timer_start(timer, on_tick, 1, 1) == 0);
  return NULL;
}

static napi_value ticked(napi_env env, napi_callback_info info) {
  return addon_number(env, n_ticks == N_TICKS ? n_ticks : -1);
}

static napi_value collected(napi_env env, napi_callback_info info) {
  return addon_number(env, n_collected == N_TICKS * N_OBJECTS ? n_collected : -1);
}

ADDON_EXPORTS({"run", run}, {"ticked", ticked}, {"collected", collected})
