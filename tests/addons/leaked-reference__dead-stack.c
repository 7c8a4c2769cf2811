/*
 * leaked-reference__dead-stack.c - copies of the references stay in a part of the stack that is
 * not in use any more.
 *
 * Nothing is written over them on purpose: memory below the stack pointer holds nothing.
 */
#include "addon.h"

ADDON_FRAME static int fill_frame(napi_env env, int depth) {
  volatile napi_ref references[64];
  if (depth > 0)
    return fill_frame(env, depth - 1) + (references[0] != NULL);
  napi_value object = addon_object(env);
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
  for (int i = 0; i < 64; i++)
    references[i] = reference;
  return references[63] != NULL;
}

static napi_value run(napi_env env, napi_callback_info info) {
  MUST_BE(fill_frame(env, 40) > 0);
  return NULL;
}

ADDON_EXPORTS({"run", run})
