/*
 * ok__growing-references__shapes.c - references that come in numbers and go again, in the ways of
 * programs that do not leak: a pool, a ring, a burst, what the garbage collector releases.
 */
#include "addon.h"

enum { MOST = 4096, RING = 100 };

static napi_ref pool[MOST];
static size_t n_pooled, n_made;
static napi_ref ring[RING];

ADDON_FRAME static napi_ref make(napi_env env, napi_value value) {
  napi_ref reference;
  MUST(napi_create_reference(env, value, 1, &reference));
  return reference;
}

static napi_value take(napi_env env, napi_callback_info info) {
  MUST_BE(n_pooled < MOST);
  pool[n_pooled++] = make(env, addon_object(env));
  return addon_number(env, (double)n_pooled);
}

static napi_value give(napi_env env, napi_callback_info info) {
  MUST_BE(n_pooled > 0);
  MUST(napi_delete_reference(env, pool[--n_pooled]));
  return addon_number(env, (double)n_pooled);
}

static napi_value refill(napi_env env, napi_callback_info info) {
  napi_ref *slot = &ring[n_made++ % RING];
  if (*slot != NULL)
    MUST(napi_delete_reference(env, *slot));
  *slot = make(env, addon_object(env));
  return NULL;
}

/* An object that owns a strong reference to its callback, and lets go of it when it is collected.
 */
static void collected(napi_env env, void *data, void *hint) {
  MUST(napi_delete_reference(env, *(napi_ref *)data));
  free(data);
}

static napi_value own(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env);
  napi_ref *reference = (napi_ref *)malloc(sizeof *reference);
  MUST_BE(reference != NULL);
  *reference = make(env, addon_argument(env, info));
  MUST(napi_wrap(env, object, reference, collected, NULL, NULL));
  return object;
}

ADDON_EXPORTS({"take", take}, {"give", give}, {"refill", refill}, {"own", own})
