/*
 * external-pointer-shared__two.c - one block of memory behind two externals, each of which would
 * free it.
 */
#include "addon.h"

static int n_users;

static void drop(napi_env env, void *data, void *hint) {
  if (--n_users == 0)
    free(data);
}

ADDON_FRAME static napi_value make_second(napi_env env, void *data) {
  napi_value value;
  n_users++;
  MUST(napi_create_external(env, data, drop, NULL, &value)); /* DEFECT used */
  return value;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value pair, first;
  void *data = malloc(64);
  n_users++;
  MUST(napi_create_array(env, &pair));
  MUST(napi_create_external(env, data, drop, NULL, &first)); /* AT first */
  MUST(napi_set_element(env, pair, 0, first));
  MUST(napi_set_element(env, pair, 1, make_second(env, data)));
  return pair;
}

ADDON_EXPORTS({"run", run})
