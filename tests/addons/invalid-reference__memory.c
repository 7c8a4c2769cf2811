/*
 * invalid-reference__memory.c - memory of the addon's own, never filled, is deleted as if it were
 * a reference.
 */
#include "addon.h"

struct holder {
  char name[64];
  napi_ref reference;
};

ADDON_FRAME static void drop(napi_env env, napi_ref reference) {
  (void)napi_delete_reference(env, reference); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct holder holder;
  memset(&holder, 0xa5, sizeof holder);
  drop(env, holder.reference);
  return NULL;
}

ADDON_EXPORTS({"run", run})
