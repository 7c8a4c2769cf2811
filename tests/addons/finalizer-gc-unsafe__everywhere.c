/*
 * finalizer-gc-unsafe__everywhere.c - any function, by name, called in a basic finalizer. The
 * runtime aborts on what may touch its collector before it looks at more than the env.
 */
#define _GNU_SOURCE
#define ADDON_EXPERIMENTAL
#include "addon.h"

#include <dlfcn.h>

typedef napi_status (*any_function)(napi_env env, void *, void *, void *, void *, void *, void *,
                                    void *, void *, void *, void *);

static any_function the_function;
static void *the_argument; /* only where NULL would be called when the env ends */
static int the_status = -1;

ADDON_FRAME static void on_collected(node_api_basic_env env, void *data, void *hint) {
  the_status = (int)the_function((napi_env)env, the_argument, NULL, NULL, NULL, NULL, NULL, NULL,
                                 NULL, NULL, NULL); /* DEFECT used */
}

static void do_nothing(void *arg) {}

/* False where the runtime has no such function. */
static napi_value prepare(napi_env env, napi_callback_info info) {
  char name[80];
  size_t length;
  napi_value external, result;
  MUST(napi_get_value_string_utf8(env, addon_argument(env, info), name, sizeof name, &length));
  *(void **)&the_function = dlsym(RTLD_DEFAULT, name);
  the_argument = strstr(name, "_env_cleanup_hook") != NULL ? (void *)(uintptr_t)do_nothing : NULL;
  if (the_function != NULL)
    MUST(napi_create_external(env, &the_argument, on_collected, NULL, &external));
  MUST(napi_get_boolean(env, the_function != NULL, &result));
  return result;
}

/* What the function answered; -1 before the finalizer ran. */
static napi_value answer(napi_env env, napi_callback_info info) {
  return addon_number(env, the_status);
}

ADDON_EXPORTS({"prepare", prepare}, {"answer", answer})
