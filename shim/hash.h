// hash.h: the one way to uthash.
//
// uthash ends the process when memory runs out unless told otherwise; with HASH_NONFATAL_OOM an
// addition that found no memory calls nck_hash_out_of_memory(element) instead, and the element is
// not in the table (its hh.tbl is NULL: ask that after each addition). Memory is our own, never the
// program's.
#ifndef NAPICHECK_SHIM_HASH_H
#define NAPICHECK_SHIM_HASH_H

#include <string.h>

#include "own.h"

#define HASH_NONFATAL_OOM 1
#define uthash_malloc(bytes) nck_own_alloc(bytes)
#define uthash_free(block, bytes) nck_own_free(block, bytes)
#define uthash_nonfatal_oom(element) nck_hash_out_of_memory(element)

static inline void nck_hash_out_of_memory(void *element) { (void)element; }

// Keys are pointers, or a few of them: uthash's own function takes ten times as long on those.
static inline unsigned nck_hash_words(const void *key, size_t bytes) {
  const char *at = key;
  uint64_t hash = bytes, word = 0;
  for (; bytes >= sizeof word; bytes -= sizeof word, at += sizeof word) {
    memcpy(&word, at, sizeof word);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 32;
  }
  word = 0;
  memcpy(&word, at, bytes);
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
  return (unsigned)(hash >> 32);
}
#define HASH_FUNCTION(key, bytes, hash) ((hash) = nck_hash_words(key, bytes))

#include <uthash.h>

#endif
