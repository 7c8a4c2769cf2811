/* ok__invalid-reference__memory.c - the holder is filled before it is emptied. */
#include "addon.h"

struct holder {
  char name[64];
  napi_ref reference;
};

static napi_value run(napi_env env, napi_callback_info info) {
  struct holder holder;
  memset(&holder, 0xa5, sizeof holder);
  MUST(napi_create_reference(env, addon_object(env), 1, &holder.reference));
  MUST(napi_delete_reference(env, holder.reference));
  return NULL;
}

ADDON_EXPORTS({"run", run})
