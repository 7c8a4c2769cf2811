// loader.h: addons as they come and go. Replacements for the runtime's dlopen, dlsym and dlclose,
// put into its GOT slots by interpose.c.
#ifndef NAPICHECK_SHIM_LOADER_H
#define NAPICHECK_SHIM_LOADER_H

#include "api.h"

// Opens the record on the first load of anything that the runtime opens after start-up, refreshes
// the module table, redirects the new modules' exit slots, registers the fallback exit handler.
void *nck_loader_dlopen(const char *path, int flags);

// Hands the runtime our initialiser for napi_register_module_v1 (the addon's own is called inside a
// frame of ours) and notes the version that node_api_module_get_api_version_v1 declares.
void *nck_loader_dlsym(void *handle, const char *name);

int nck_loader_dlclose(void *handle);

// What the library's constructor took, for the statistics; set by it.
extern uint64_t nck_loader_constructor_ns;

// Opens the record and starts what an addon needs, once.
void nck_loader_start(void);

// What the runtime gets for a module that registers itself with napi_module_register, called from
// `pc`.
napi_module *nck_loader_register(napi_module *mod, const void *pc);

#endif
