/*
 * ok__leaked-reference__history.c - references that are counted up and down and deleted in the end,
 * whatever way they went.
 */
#include "addon.h"

ADDON_FRAME static napi_ref make(napi_env env, uint32_t count) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), count, &reference));
  return reference;
}

ADDON_FRAME static void share(napi_env env, napi_ref reference) {
  MUST(napi_reference_ref(env, reference, NULL));
}

ADDON_FRAME static void unshare(napi_env env, napi_ref reference) {
  MUST(napi_reference_unref(env, reference, NULL));
}

ADDON_FRAME static void drop(napi_env env, napi_ref reference) {
  MUST(napi_delete_reference(env, reference));
}

ADDON_FRAME static void use_well(napi_env env) {
  napi_ref reference = make(env, 1);
  share(env, reference);
  unshare(env, reference);
  drop(env, reference);
}

ADDON_FRAME static void drop_shared(napi_env env) {
  napi_ref reference = make(env, 1);
  share(env, reference);
  drop(env, reference);
}

ADDON_FRAME static void turn_over(napi_env env, int times) {
  napi_ref reference = make(env, 0);
  for (int i = 0; i < times; i++) {
    share(env, reference);
    unshare(env, reference);
  }
  for (int i = 0; i < times; i++)
    share(env, reference);
  drop(env, reference);
}

static napi_value run(napi_env env, napi_callback_info info) {
  for (volatile int i = 0; i < 20; i++)
    use_well(env);
  for (volatile int i = 0; i < 3; i++)
    drop_shared(env);
  addon_scrub_stack();
  return NULL;
}

static napi_value spin(napi_env env, napi_callback_info info) {
  turn_over(env, 1000);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"spin", spin})
