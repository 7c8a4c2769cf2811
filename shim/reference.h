// reference.h: references that other calls return or depend on.
#ifndef NAPICHECK_SHIM_REFERENCE_H
#define NAPICHECK_SHIM_REFERENCE_H

#include <stdbool.h>

#include "api.h"

struct nck_env;
struct nck_object;

// A token for a reference that the runtime made at `stack`, or `real` itself when references are
// not tracked.
void *nck_reference_new(struct nck_env *state, napi_ref real, uint32_t count,
                        enum nck_function_id function, uint32_t stack, uint32_t flags);

// A reference that napi_wrap or napi_add_finalizer returned is about to be deleted: it takes its
// finalizer with it (calls_wrap.c).
void nck_reference_deleted(struct nck_object *object, uint32_t stack);

// Deno and Bun: no values can be looked at when an env ends, so they are when references are made.
extern bool nck_values_early NCK_HIDDEN_DATA;

#endif
