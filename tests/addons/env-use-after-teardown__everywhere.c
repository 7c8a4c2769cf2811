/*
 * env-use-after-teardown__everywhere.c - every function that takes an env, by name, with an env
 * that has ended. Nothing is forwarded then, so all of them can be called.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <dlfcn.h>

typedef napi_status (*any_function)(napi_env env, void *, void *, void *, void *, void *, void *,
                                    void *, void *, void *, void *);

static napi_env ended;

ADDON_FRAME static napi_status ask(any_function function) {
  napi_status status =
      function(ended, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL); /* DEFECT used */
  return status;
}

static napi_value keep_env(napi_env env, napi_callback_info info) {
  ended = env;
  return NULL;
}

/* The status; -1 where the runtime has no such function. */
static napi_value call(napi_env env, napi_callback_info info) {
  char name[80];
  size_t length;
  any_function function;
  MUST(napi_get_value_string_utf8(env, addon_argument(env, info), name, sizeof name, &length));
  *(void **)&function = dlsym(RTLD_DEFAULT, name);
  return addon_number(env, function != NULL ? (int)ask(function) : -1);
}

ADDON_EXPORTS({"keepEnv", keep_env}, {"call", call})
