/* ok__leaked-reference__held-shared-mapping.c - deleted before the mapping goes. */
#include "addon.h"

#include <sys/mman.h>

static napi_ref *shared;
static unsigned n_kept;

static napi_value run(napi_env env, napi_callback_info info) {
  if (!shared)
    shared =
        (napi_ref *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  MUST_BE(shared != MAP_FAILED && n_kept < 512);
  MUST(napi_create_reference(env, addon_object(env), 1, &shared[n_kept++]));
  return NULL;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  while (n_kept > 0)
    MUST(napi_delete_reference(env, shared[--n_kept]));
  munmap(shared, 4096);
  shared = NULL;
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"stop", stop})
