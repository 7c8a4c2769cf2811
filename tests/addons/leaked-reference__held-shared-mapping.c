/* leaked-reference__held-shared-mapping.c - kept in memory that is shared with other processes. */
#include "addon.h"

#include <sys/mman.h>

static napi_ref *shared;
static unsigned n_kept;

ADDON_FRAME static void keep_shared(napi_env env, napi_value object) {
  MUST_BE(n_kept < 512);
  MUST(napi_create_reference(env, object, 1, &shared[n_kept++])); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  if (!shared)
    shared =
        (napi_ref *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  MUST_BE(shared != MAP_FAILED);
  keep_shared(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
