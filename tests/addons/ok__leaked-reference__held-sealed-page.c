/* ok__leaked-reference__held-sealed-page.c - read from the sealed page and deleted. */
#include "addon.h"

#include <sys/mman.h>

static napi_ref *vault;

static napi_value run(napi_env env, napi_callback_info info) {
  vault = (napi_ref *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  MUST_BE(vault != MAP_FAILED);
  MUST(napi_create_reference(env, addon_object(env), 1, vault));
  MUST_BE(mprotect(vault, 4096, PROT_READ) == 0);
  return NULL;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  MUST(napi_delete_reference(env, *vault));
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"stop", stop})
