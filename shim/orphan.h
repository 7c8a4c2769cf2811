// orphan.h: memory that only the addon can free, and of which it has no pointer left.
//
// Looked for behind externals that were made without a finalizer, and behind wraps whose reference
// was deleted before their finalizer ran, of a sample of each. Each block is proved by itself: it
// is a block of malloc's that is allocated (block.h), and no word of the process's memory points
// into it (scan.h). What its value or a wrap still holds is found there, and so is all that the
// addon frees later.
#ifndef NAPICHECK_SHIM_ORPHAN_H
#define NAPICHECK_SHIM_ORPHAN_H

#include "env.h"

// An external was made without a finalizer; `stack`: where. The env's own thread.
void nck_orphan_note(struct nck_env *state, const void *data, uint32_t stack);

// Looks for them, for the envs of this thread, which are at their end: says those of externals, and
// marks finalizers as unreachable. `sp` as in nck_scan_run.
void nck_orphan_judge(struct nck_thread_state *thread, const void *sp);

#endif
