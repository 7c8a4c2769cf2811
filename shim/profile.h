// profile.h: which callbacks make most handles in one scope.
#ifndef NAPICHECK_SHIM_PROFILE_H
#define NAPICHECK_SHIM_PROFILE_H

#include "api.h"

// The row of a callback; NULL: no memory, or no module that is known. Rows stay.
struct nck_profile *nck_profile_find(const void *user_cb);

// A scope with many handles has closed, its last but few made by the call at `pc`. `user_cb` is the
// callback that ran.
void nck_profile_note_peak(const void *user_cb, uint32_t n_handles, const void *pc);

#endif
