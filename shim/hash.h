// hash.h: the one way to uthash.
//
// uthash ends the process when memory runs out unless told otherwise; with HASH_NONFATAL_OOM an
// addition that found no memory calls nck_hash_out_of_memory(element) instead, and the element is
// not in the table (its hh.tbl is NULL: ask that after each addition). Memory is our own, never the
// program's.
#ifndef NAPICHECK_SHIM_HASH_H
#define NAPICHECK_SHIM_HASH_H

#include "own.h"

#define HASH_NONFATAL_OOM 1
#define uthash_malloc(bytes) nck_own_alloc(bytes)
#define uthash_free(block, bytes) nck_own_free(block, bytes)
#define uthash_nonfatal_oom(element) nck_hash_out_of_memory(element)

static inline void nck_hash_out_of_memory(void *element) { (void)element; }

#include <uthash.h>

#endif
