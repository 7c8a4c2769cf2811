/*
 * ok__finalizer-after-owner__close.c - a hook closes what is open when the env ends; the finalizer
 * takes the hook back, whether it has run or not, and frees the object.
 */
#include "addon.h"

struct store {
  int is_open;
};

ADDON_FRAME static void on_end(void *data) { ((struct store *)data)->is_open = 0; }

ADDON_FRAME static void on_collected(napi_env env, void *data, void *hint) {
  (void)napi_remove_env_cleanup_hook(env, on_end, data); /* AT used */
  free(data);
}

static napi_value open_store(napi_env env, napi_callback_info info) {
  struct store *store = (struct store *)malloc(sizeof *store);
  napi_value external;
  store->is_open = 1;
  MUST(napi_add_env_cleanup_hook(env, on_end, store));
  MUST(napi_create_external(env, store, on_collected, NULL, &external));
  return external;
}

ADDON_EXPORTS({"open", open_store})
