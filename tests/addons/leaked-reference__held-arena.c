/*
 * leaked-reference__held-arena.c - kept on one page of a gigabyte that is reserved and never
 * touched otherwise.
 */
#include "addon.h"

#include <sys/mman.h>

static char *arena;

ADDON_FRAME static void keep_in_arena(napi_env env, napi_value object) {
  napi_ref *slot = (napi_ref *)(arena + (700u << 20) + 4088);
  MUST(napi_create_reference(env, object, 1, slot)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  arena = (char *)mmap(NULL, 1u << 30, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  MUST_BE(arena != MAP_FAILED);
  keep_in_arena(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
