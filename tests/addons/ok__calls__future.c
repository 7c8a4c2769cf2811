/*
 * ok__calls__future.c - a function that no headers declare, as one of a runtime that is newer than
 * the tool: it gets values that the addon holds, by the import and by dlsym. The test makes such a
 * runtime of one that there is: napi_object_freeze under another name.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <dlfcn.h>

#ifndef ADDON_LOOKS_UP
napi_status napi_object_gQeeze(napi_env env, napi_value object);
#endif

static napi_value run(napi_env env, napi_callback_info info) {
  napi_status (*freeze)(napi_env, napi_value);
#ifdef ADDON_LOOKS_UP
  *(void **)&freeze = dlsym(RTLD_DEFAULT, "napi_object_gQeeze");
#else
  freeze = napi_object_gQeeze;
#endif
  MUST_BE(freeze != NULL);
  MUST_BE(dlsym(RTLD_DEFAULT, "napi_object_freeze") == NULL);
  size_t argc = 1;
  napi_value object;
  MUST(napi_get_cb_info(env, info, &argc, &object, NULL, NULL));
  MUST(freeze(env, object));
  return object;
}

ADDON_EXPORTS({"run", run})
