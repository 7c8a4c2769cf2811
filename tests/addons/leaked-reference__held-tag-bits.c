/* leaked-reference__held-tag-bits.c - kept with a mark of the addon's own in the low three bits. */
#include "addon.h"

/* Nobody reads them: without volatile the compiler would drop the stores. */
static volatile uintptr_t slots[8];
static unsigned n_slots;

ADDON_FRAME static void keep_tagged(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
  MUST_BE(((uintptr_t)reference & 7) == 0);
  slots[n_slots & 7] = (uintptr_t)reference | (n_slots & 7);
  n_slots++;
}

static napi_value run(napi_env env, napi_callback_info info) {
  keep_tagged(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
