/*
 * handle-outside-scope__callback-scope.c - a libuv timer's callback opens a callback scope, which
 * holds no handles, and makes objects in it. Before Node 26 the first of the two is the end.
 */
#include "addon.h"

struct uv_loop_s;
extern int uv_timer_init(struct uv_loop_s *loop, void *timer);
extern int uv_timer_start(void *timer, void (*callback)(void *), uint64_t timeout, uint64_t repeat);
extern void uv_close(void *handle, void (*callback)(void *));

/* Larger than any uv_timer_t so far (152 bytes). */
static _Alignas(16) unsigned char timer[512];
static napi_env timer_env;
static napi_async_context context;

ADDON_FRAME static void enter(napi_env env, napi_callback_scope *scope) {
  MUST(napi_open_callback_scope(env, NULL, context, scope)); /* DEFECT used */
}

ADDON_FRAME static void make_objects(napi_env env) {
  napi_value object;
  MUST(napi_create_object(env, &object)); /* DEFECT used */
}

static void on_tick(void *handle) {
  napi_callback_scope scope;
  enter(timer_env, &scope);
  make_objects(timer_env);
  MUST(napi_close_callback_scope(timer_env, scope));
  uv_close(handle, NULL);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct uv_loop_s *loop;
  napi_value name;
  timer_env = env;
  MUST(napi_create_string_utf8(env, "timer", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, NULL, name, &context));
  MUST(napi_get_uv_event_loop(env, &loop));
  MUST_BE(uv_timer_init(loop, timer) == 0 && uv_timer_start(timer, on_tick, 1, 0) == 0);
  return NULL;
}

ADDON_EXPORTS({"run", run})
