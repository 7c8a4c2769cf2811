// held.h: memory for records of ours in which pointers of the addon stand.
//
// What an addon hands to the runtime to keep (a hook's argument, a finalizer's data and hint, a
// callback's data, a context) it holds through the runtime. We keep it in the runtime's place, so
// the scan has to find it here: unlike nck_own_alloc's, this memory is searched. A token of our own
// never stands in it as it is (NCK_HIDDEN), and blocks are cleared when they are given back.
#ifndef NAPICHECK_SHIM_HELD_H
#define NAPICHECK_SHIM_HELD_H

#include <stddef.h>
#include <stdint.h>

// A zeroed block of at most 256 bytes; NULL when there is none. Thread-safe.
void *nck_held_alloc(size_t bytes);

// Gives a block back; `bytes` as in its allocation.
void nck_held_free(void *block, size_t bytes);

// Bytes that were taken from the system for such blocks.
size_t nck_held_bytes(void);

// A token as it may stand in searched memory, and back.
#define NCK_HIDDEN(token) ((void *)~(uintptr_t)(token))

#endif
