// async.h: the door of calls_async.c.
#ifndef NAPICHECK_SHIM_ASYNC_H
#define NAPICHECK_SHIM_ASYNC_H

#include "env.h"

struct nck_object;

// The runtime's async context for the addon's; *object: its row where it is live. False: it was
// destroyed before (said), and the call is not to be forwarded.
bool nck_async_context_in(struct nck_env *state, napi_async_context context,
                          enum nck_function_id function, const void *pc, napi_async_context *real,
                          struct nck_object **object);

#endif
