/* leaked-reference__freed-holder.c - the struct that held the reference is wiped and freed. */
#include "addon.h"

struct holder {
  int id;
  napi_ref reference;
};

ADDON_FRAME static struct holder *holder_new(napi_env env, napi_value object) {
  struct holder *holder = (struct holder *)malloc(sizeof *holder);
  MUST_BE(holder != NULL);
  holder->id = 1;
  MUST(napi_create_reference(env, object, 1, &holder->reference)); /* DEFECT created */
  return holder;
}

ADDON_FRAME static void holder_drop(struct holder *holder) {
  memset(holder, 0xdb, sizeof *holder);
  __asm__ volatile("" : : "r"(holder) : "memory");
  free(holder);
}

static napi_value run(napi_env env, napi_callback_info info) {
  holder_drop(holder_new(env, addon_object(env)));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
