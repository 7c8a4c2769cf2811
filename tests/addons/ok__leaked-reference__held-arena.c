/*
 * ok__leaked-reference__held-arena.c - the same arena; the reference is deleted before it is
 * unmapped.
 */
#include "addon.h"

#include <sys/mman.h>

static napi_value run(napi_env env, napi_callback_info info) {
  char *arena = (char *)mmap(NULL, 1u << 30, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  MUST_BE(arena != MAP_FAILED);
  napi_ref *slot = (napi_ref *)(arena + (700u << 20) + 4088);
  MUST(napi_create_reference(env, addon_object(env), 1, slot));
  MUST(napi_delete_reference(env, *slot));
  munmap(arena, 1u << 30);
  return NULL;
}

ADDON_EXPORTS({"run", run})
