/*
 * leaked-reference__held-file-mapping.c - kept in a private mapping of a file, after a page of
 * ours was written.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <sys/mman.h>
#include <unistd.h>

static napi_ref *pool;
static unsigned n_kept;

ADDON_FRAME static void keep_in_pool(napi_env env, napi_value object) {
  MUST_BE(n_kept < 64);
  MUST(napi_create_reference(env, object, 1, &pool[n_kept++])); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  if (!pool) {
    int fd = memfd_create("pool", MFD_CLOEXEC);
    MUST_BE(fd >= 0 && ftruncate(fd, 1 << 20) == 0);
    pool = (napi_ref *)mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    MUST_BE(pool != MAP_FAILED);
    pool += (1 << 19) / sizeof *pool;
    close(fd);
  }
  keep_in_pool(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
