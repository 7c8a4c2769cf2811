// fake_runtime.h: a Node-API runtime in plain C, for tests of the library's trackers without Node.
//
// It knows what has a life of its own: async work, threadsafe functions, deferreds, async contexts,
// cleanup hooks, instance data, externals with finalizers. There are no values behind handles: a
// napi_value is any address. An env has an event loop that the test turns. It stands in nck_real,
// so a test that calls napi_* is the addon.
#ifndef NAPICHECK_TESTS_FAKE_FAKE_RUNTIME_H
#define NAPICHECK_TESTS_FAKE_FAKE_RUNTIME_H

#include "api.h"
#include "runtime.h"

// Puts the functions into nck_real and opens a record in the folder of the environment's TMPDIR.
// True when the library is ready.
bool fake_runtime_start(void);

// Is a threadsafe function kept at the end of its env until its threads have let go, as newer
// versions of Node do?
void fake_runtime_keep_functions(enum nck_answer answer);

// An env on the calling thread, born in the initialiser of an addon.
napi_env fake_env_new(void);

// Runs what waits: calls of threadsafe functions, completed work, finalizers of what was collected.
void fake_env_turn(napi_env env);

// Turns until `condition` is true, or a minute has passed (false).
bool fake_env_turn_until(napi_env env, bool (*condition)(void));

// All externals become garbage; their finalizers run in the next turn.
void fake_env_collect(napi_env env);

// Hooks, threadsafe functions, finalizers of externals, instance data, as Node does it.
void fake_env_end(napi_env env);

// Faults of a runtime: the last finalizer that ran in this env runs again; those that are left are
// forgotten.
void fake_env_finalize_again(napi_env env);
void fake_env_forget_finalizers(napi_env env);

#endif
