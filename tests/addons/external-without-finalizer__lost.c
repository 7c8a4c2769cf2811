/*
 * external-without-finalizer__lost.c - memory is allocated for each external, of several sizes, and
 * when the values are gone nobody can free it any more.
 */
#include "addon.h"

ADDON_FRAME static void *take(size_t bytes) {
  char *memory = (char *)malloc(bytes);
  MUST_BE(memory != NULL);
  memset(memory, 'x', 40);
  return memory;
}

ADDON_FRAME static void make_small(napi_env env) {
  napi_value value;
  MUST(napi_create_external(env, take(40), NULL, NULL, &value)); /* DEFECT created */
}

ADDON_FRAME static void make_large(napi_env env) {
  napi_value value;
  MUST(napi_create_external_arraybuffer(env, take(5000), 5000, NULL, NULL,
                                        &value)); /* DEFECT created */
}

ADDON_FRAME static void make_huge(napi_env env) {
  napi_value value;
  MUST(napi_create_external(env, take(300000), NULL, NULL, &value)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  make_small(env);
  make_large(env);
  make_huge(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
