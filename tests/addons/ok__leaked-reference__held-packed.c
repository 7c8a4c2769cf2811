/* ok__leaked-reference__held-packed.c - read out of the packed struct again and deleted. */
#include "addon.h"

struct __attribute__((packed)) entry {
  char kind;
  napi_ref reference;
  short flags;
};

static struct entry entries[16];
static size_t n_entries;

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  MUST_BE(n_entries < 16);
  memcpy((char *)&entries[n_entries++] + 1, &reference, sizeof reference);
  return NULL;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  while (n_entries > 0) {
    napi_ref reference;
    memcpy(&reference, (char *)&entries[--n_entries] + 1, sizeof reference);
    MUST(napi_delete_reference(env, reference));
  }
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"stop", stop})
