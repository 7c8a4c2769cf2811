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

// True where finalizers at the end of an env run before its cleanup hooks: there they cannot be
// told from those of a collection.
bool nck_runtime_finalizes_first(void);

// Asks the runtime for its versions, once, with the first env.
void nck_runtime_learn(napi_env env);

// True where the end of an env, or napi_tsfn_abort, leaves a threadsafe function in memory until
// the last of its threads has let go: Node from 24.14 and 25.4 on. False for certain where it is
// freed at once; other runtimes are not known.
enum nck_answer { NCK_NO, NCK_YES, NCK_UNKNOWN };
enum nck_answer nck_runtime_keeps_functions(void);

#endif
