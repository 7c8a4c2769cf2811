// own.h: private memory of ours, outside the record and outside the program's allocator.
//
// The addon's or the program's malloc may be replaced, watched, or locked at the moment of a call,
// so nothing of ours goes through it. One address range is reserved at first use and made usable
// step by step, so that the scan can leave out all of it by its two ends. Blocks are kept by size
// for the next of that size.
#ifndef NAPICHECK_SHIM_OWN_H
#define NAPICHECK_SHIM_OWN_H

#include <stddef.h>
#include <stdint.h>

// A zeroed block, aligned to 16 bytes (to a page from 4096 bytes on); NULL when there is none.
// Thread-safe; keeps errno.
void *nck_own_alloc(size_t bytes) __attribute__((malloc, alloc_size(1)));

// Gives a block back; `bytes` as in its allocation. The pages of large blocks return to the system.
// NULL is allowed.
void nck_own_free(void *block, size_t bytes);

// Bytes made usable so far, and the reserved range (0, 0 before the first use).
uint64_t nck_own_bytes(void);
void nck_own_range(uintptr_t *low, uintptr_t *high);

// Held around fork, so that the child finds consistent lists. The last lock taken, the first
// released.
void nck_own_fork_lock(void);
void nck_own_fork_unlock(void);

#endif
