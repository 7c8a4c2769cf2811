/* ok__leaked-reference__held-file-mapping.c - the same pool, emptied. */
#define _GNU_SOURCE
#include "addon.h"

#include <sys/mman.h>
#include <unistd.h>

static napi_ref *pool;
static unsigned n_kept;

static napi_value run(napi_env env, napi_callback_info info) {
  if (!pool) {
    int fd = memfd_create("pool", MFD_CLOEXEC);
    MUST_BE(fd >= 0 && ftruncate(fd, 1 << 20) == 0);
    pool = (napi_ref *)mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    MUST_BE(pool != MAP_FAILED);
    close(fd);
  }
  MUST_BE(n_kept < 64);
  MUST(napi_create_reference(env, addon_object(env), 1, &pool[n_kept++]));
  return NULL;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  while (n_kept > 0)
    MUST(napi_delete_reference(env, pool[--n_kept]));
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"stop", stop})
