/*
 * ok__handle-wrong-env__worker.c - data goes from thread to thread, and each makes a value of it.
 */
#include "addon.h"

#include <stdatomic.h>
#include <unistd.h>

static atomic_int shared, n_taken;

static napi_value give(napi_env env, napi_callback_info info) {
  atomic_store(&shared, 42);
  for (int i = 0; i < 2000 && !atomic_load(&n_taken); i++)
    usleep(5000);
  return addon_number(env, 42);
}

static napi_value take(napi_env env, napi_callback_info info) {
  while (!atomic_load(&shared))
    usleep(5000);
  napi_valuetype type;
  MUST(napi_typeof(env, addon_number(env, atomic_load(&shared)), &type));
  MUST_BE(type == napi_number);
  atomic_store(&n_taken, 1);
  return NULL;
}

ADDON_EXPORTS({"give", give}, {"take", take})
