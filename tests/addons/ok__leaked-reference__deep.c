/* ok__leaked-reference__deep.c - the same recursion with a delete at its bottom. */
#include "addon.h"

ADDON_FRAME static int descend(napi_env env, napi_value object, int depth) {
  napi_ref reference;
  if (depth > 0)
    return descend(env, object, depth - 1) + 1;
  MUST(napi_create_reference(env, object, 1, &reference));
  MUST(napi_delete_reference(env, reference));
  return 1;
}

static napi_value run(napi_env env, napi_callback_info info) {
  MUST_BE(descend(env, addon_object(env), 40) == 41);
  return NULL;
}

ADDON_EXPORTS({"run", run})
