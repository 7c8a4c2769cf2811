// user.h: what an addon, a test or a program says to us: napicheck/napicheck.h, and the same for
// JavaScript.
//
// The functions of the public header are defined in user.c. JavaScript reaches them without an
// addon of its own: process.dlopen of this very library gives the module that nck_user_init makes.
// (An exported napi_register_module_v1 would do as well, and take the place of the addons' own,
// whose address some of them ask for by name.)
#ifndef NAPICHECK_SHIM_USER_H
#define NAPICHECK_SHIM_USER_H

#include "api.h"

// Asks a library that the runtime has loaded for its napicheck_default_options and
// napicheck_default_suppressions. The user's own options come first.
void nck_user_ask(void *handle);

// Writes what was answered into the record, once there is one.
void nck_user_write(void);

// Before memory is searched at the end of a thread's envs, or of all (NULL): what
// napicheck_leak_check found out about them is found out anew.
struct nck_thread_state;
void nck_user_forget(const struct nck_thread_state *thread);

// True for dlopen's handle of this library.
bool nck_user_is_own(void *handle);

// The initialiser of the module for JavaScript. Its env is none of ours: it calls the runtime
// directly.
napi_value nck_user_init(napi_env env, napi_value exports);

#endif
