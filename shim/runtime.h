// runtime.h: what we know of the runtime we are in.
#ifndef NAPICHECK_SHIM_RUNTIME_H
#define NAPICHECK_SHIM_RUNTIME_H

#include "api.h"

// "node", "bun", "deno", "libnode" or "other".
const char *nck_runtime_name(void);

// True where a napi_value is no pointer below 2^48 (Bun's are boxed numbers), so that it has no
// room for a tag.
bool nck_runtime_values_are_boxed(void);

// True where libuv's functions may be called.
bool nck_runtime_has_uv(void);

// Asks the runtime for its versions, once, with the first env.
void nck_runtime_learn(napi_env env);

#endif
