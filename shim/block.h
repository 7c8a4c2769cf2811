// block.h: blocks of the C library's malloc, told by its own books.
#ifndef NAPICHECK_SHIM_BLOCK_H
#define NAPICHECK_SHIM_BLOCK_H

#include "recorder.h"

// Which of these pointers, in ascending order, are the starts of blocks of glibc's malloc that are
// allocated now, for certain? blocks[i] is what can be used of the block; its `low` is 0 where
// there is any doubt: another allocator, an arena of another thread, memory within a larger block,
// static memory, a block that may be waiting in a cache of freed ones. Any pointer may be asked
// for; nothing is written, and no lock is taken. Walks through the heap up to the last of them.
void nck_block_find(const uintptr_t *starts, size_t n, struct nck_range *blocks);

#endif
