/*
 * finalizer-after-owner__hook.c - a wrap's finalizer gets the argument of a cleanup hook, which
 * has freed it by then.
 */
#include "addon.h"

struct session {
  int id;
};

ADDON_FRAME static void on_end(void *session) {
  memset(session, 0, sizeof(struct session)); /* AT owner */
}

ADDON_FRAME static void on_collected(napi_env env, void *data, void *hint) { free(data); }

ADDON_FRAME static void wrap(napi_env env, napi_value object, struct session *session) {
  MUST(napi_wrap(env, object, malloc(8), on_collected, session, NULL)); /* DEFECT created */
}

static struct session the_session;

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env);
  MUST(napi_add_env_cleanup_hook(env, on_end, &the_session));
  wrap(env, object, &the_session);
  return object;
}

ADDON_EXPORTS({"run", run})
