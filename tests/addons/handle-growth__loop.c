/* handle-growth__loop.c - a loop makes 150,000 objects in the callback's own scope. */
#include "addon.h"

ADDON_FRAME static void make_one(napi_env env) {
  napi_value object;
  MUST(napi_create_object(env, &object)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  for (int i = 0; i < 150000; i++)
    make_one(env);
  return NULL;
}

/* For a handle_limit of its own. */
static napi_value run_some(napi_env env, napi_callback_info info) {
  for (int i = 0; i < 600; i++)
    make_one(env);
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"runSome", run_some})
