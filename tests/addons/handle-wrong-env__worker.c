/*
 * handle-wrong-env__worker.c - a value of the main thread, whose call is still open, is used in a
 * worker.
 */
#include "addon.h"

#include <stdatomic.h>
#include <unistd.h>

static _Atomic(napi_value) shared;
static atomic_int n_taken;

/* Waits in the main thread's callback, so that the value's own scope stays open all the time. */
static napi_value give(napi_env env, napi_callback_info info) {
  atomic_store(&shared, addon_object(env));
  for (int i = 0; i < 2000 && !atomic_load(&n_taken); i++)
    usleep(5000);
  return NULL;
}

ADDON_FRAME static void use_foreign(napi_env env, napi_value value) {
  napi_valuetype type;
  (void)napi_typeof(env, value, &type); /* DEFECT used */
}

static napi_value take(napi_env env, napi_callback_info info) {
  while (!atomic_load(&shared))
    usleep(5000);
  use_foreign(env, atomic_load(&shared));
  atomic_store(&n_taken, 1);
  return NULL;
}

ADDON_EXPORTS({"give", give}, {"take", take})
