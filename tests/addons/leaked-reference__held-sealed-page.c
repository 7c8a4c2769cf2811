/* leaked-reference__held-sealed-page.c - kept on a page that the addon has made read-only. */
#include "addon.h"

#include <sys/mman.h>

static napi_ref *vault;

ADDON_FRAME static void keep_sealed(napi_env env, napi_value object) {
  MUST(napi_create_reference(env, object, 1, vault)); /* DEFECT created */
  MUST_BE(mprotect(vault, 4096, PROT_READ) == 0);
}

static napi_value run(napi_env env, napi_callback_info info) {
  vault = (napi_ref *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  MUST_BE(vault != MAP_FAILED);
  keep_sealed(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
