/* leaked-reference__deep.c - a recursion of forty frames above the leak, for stack_depth. */
#include "addon.h"

ADDON_FRAME static int descend(napi_env env, napi_value object, int depth) {
  napi_ref reference = NULL;
  if (depth > 0)
    return descend(env, object, depth - 1) + 1;
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
  return reference != NULL;
}

static napi_value run(napi_env env, napi_callback_info info) {
  MUST_BE(descend(env, addon_object(env), 40) == 41);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
