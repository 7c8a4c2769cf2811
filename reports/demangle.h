// demangle.h: C++ and Rust names as people write them.
#ifndef NAPICHECK_REPORTS_DEMANGLE_H
#define NAPICHECK_REPORTS_DEMANGLE_H

#include <stdbool.h>

#include "memory.h"

// The demangled, cleaned name (C names come back as they are, without a compiler's suffix such as
// `.constprop.0`).
const char *nck_demangle(struct nck_arena *arena, const char *symbol);

// The name without its parameter list: "Cache::put" of "Cache::put(Napi::CallbackInfo const&)".
const char *nck_demangle_short(struct nck_arena *arena, const char *function);

// True for functions of node-addon-api, napi-rs, neon and of the languages' own libraries: the
// layer between an addon and Node-API.
bool nck_demangle_is_binding(const char *function, const char *file);

#endif
