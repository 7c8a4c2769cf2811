/* leaked-reference__held-packed.c - kept in a packed struct, where no offset is a multiple of 8. */
#include "addon.h"

struct __attribute__((packed)) entry {
  char kind;
  napi_ref reference;
  short flags;
};

static struct entry *entries;
static size_t n_entries;

ADDON_FRAME static void keep_entry(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
  if (!entries)
    entries = (struct entry *)calloc(16, sizeof *entries);
  MUST_BE(entries != NULL && n_entries < 16);
  memcpy((char *)&entries[n_entries++] + 1, &reference, sizeof reference);
}

static napi_value run(napi_env env, napi_callback_info info) {
  keep_entry(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
