/*
 * leaked-reference__dlsym.c - looks every function up at run time, in the program itself as
 * napi-rs does.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <dlfcn.h>

static __typeof__(napi_create_reference) *create_reference;

ADDON_FRAME static void keep_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(create_reference(env, object, 1, &reference)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  void *program = dlopen(NULL, RTLD_NOW);
  MUST_BE(program != NULL);
  *(void **)&create_reference = dlsym(program, "napi_create_reference");
  MUST_BE(create_reference != NULL);
  keep_object(env, addon_object(env));
  addon_scrub_stack();
  dlclose(program);
  return NULL;
}

static napi_value run_default(napi_env env, napi_callback_info info) {
  *(void **)&create_reference = dlsym(RTLD_DEFAULT, "napi_create_reference");
  MUST_BE(create_reference != NULL);
  keep_object(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"runDefault", run_default})
