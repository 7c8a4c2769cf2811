// hook.h: env cleanup hooks, synchronous and asynchronous, that addons added.
//
// The runtime gets our trampoline with our record as argument, one record for each (function,
// argument) of an env, so that the runtime's own rules (no duplicates, removal by identity) see
// what they would have seen.
#ifndef NAPICHECK_SHIM_HOOK_H
#define NAPICHECK_SHIM_HOOK_H

#include "env.h"

// The env has ended, its finalizers have run. `in_order`: as in nck_finalizer_env_ended. Once.
void nck_hook_env_ended(struct nck_env *state, bool in_order);

// A pointer's owner was finalized or its hook has run (finalizer-after-owner); forgotten when the
// addon hands the address over anew.
void nck_owner_gone(struct nck_env *state, const void *pointer, const void *user_cb, bool is_hook);
void nck_owner_renewed(struct nck_env *state, const void *pointer);
// A finalizer gets `pointer`, as its hint or as its data.
void nck_owner_check(struct nck_env *state, const void *pointer, const void *user_cb, bool is_hint);

#endif
