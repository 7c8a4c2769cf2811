/* unclosed-handle-scope__callback.c - the early return forgets the scope; the runtime aborts. */
#include "addon.h"

ADDON_FRAME static int walk(napi_env env, int is_early) {
  napi_handle_scope scope;
  MUST(napi_open_handle_scope(env, &scope)); /* DEFECT opened */
  if (is_early)
    return 1;
  MUST(napi_close_handle_scope(env, scope));
  return 0;
}

static napi_value run(napi_env env, napi_callback_info info) {
  return addon_number(env, walk(env, 1));
}

ADDON_EXPORTS({"run", run})
