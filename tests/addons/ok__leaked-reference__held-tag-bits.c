/* ok__leaked-reference__held-tag-bits.c - the mark is taken off before the delete. */
#include "addon.h"

static uintptr_t slots[8];
static unsigned n_slots;

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  MUST_BE(((uintptr_t)reference & 7) == 0 && n_slots < 8);
  slots[n_slots] = (uintptr_t)reference | n_slots;
  n_slots++;
  return NULL;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  while (n_slots > 0)
    MUST(napi_delete_reference(env, (napi_ref)(slots[--n_slots] & ~(uintptr_t)7)));
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"stop", stop})
