// reference.h: references that other calls return or depend on.
#ifndef NAPICHECK_SHIM_REFERENCE_H
#define NAPICHECK_SHIM_REFERENCE_H

#include <stdbool.h>

#include "api.h"

struct nck_env;
struct nck_object;

// A token for a reference that the runtime made, or `real` itself when references are not tracked.
void *nck_reference_new(struct nck_env *state, napi_ref real, uint32_t count,
                        enum nck_function_id function, const void *pc, uint32_t flags);

// A reference is about to be deleted: those of napi_wrap and napi_add_finalizer take their
// finalizer with them (calls_wrap.c).
void nck_reference_deleted(struct nck_env *state, struct nck_object *object, uint32_t stack);

// Deno and Bun: no values can be looked at when an env ends, so they are when references are made.
extern bool nck_values_early NCK_HIDDEN_DATA;

#endif
