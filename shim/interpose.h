// interpose.h: how the library gets in front of a runtime that defines napi_* itself. All knowledge
// of ELF lives here.
//
// The executable's own dynamic symbols napi_* and node_api_* are retired (st_value = 0, SHN_UNDEF),
// so that the loader goes on to ours; a runtime in a shared libnode.so is behind us already and is
// found with RTLD_NEXT. The runtime's GOT slots for dlopen, dlsym, dlclose, exit, quick_exit, _exit
// and abort are redirected, and those of addons for exit, _exit, quick_exit and abort when they are
// loaded.
#ifndef NAPICHECK_SHIM_INTERPOSE_H
#define NAPICHECK_SHIM_INTERPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One function of napi_api.def: its name, where to store the runtime's address, our own entry.
struct nck_function {
  const char *name;
  void **real;
  void *ours;
};

enum nck_runtime_kind {
  NCK_RUNTIME_NONE,
  NCK_RUNTIME_NODE,
  NCK_RUNTIME_LIBNODE,
  NCK_RUNTIME_BUN,
  NCK_RUNTIME_DENO,
  NCK_RUNTIME_OTHER
};

struct nck_interposed {
  enum nck_runtime_kind runtime;
  uintptr_t runtime_low, runtime_high; // of the object that defines Node-API
  uint32_t n_found;                    // functions of ours that the runtime has
  uint32_t n_unknown; // functions of the runtime that we do not know (nck_interpose_find_unknown)
  char unknown[2048]; // their names, separated by '\n'
};
extern struct nck_interposed nck_interposed;

// In the constructor: finds the runtime, stores the real addresses, retires the runtime's symbols
// and hides those of ours that it lacks. False: this process is no JavaScript runtime; nothing was
// touched, and it costs next to nothing.
bool nck_interpose_start(const struct nck_function *functions, size_t n_functions);

// Fills n_unknown and unknown. Reads the runtime's whole symbol table (up to 75000 names), so call
// it when the first addon is loaded, not at start.
void nck_interpose_find_unknown(void);

struct nck_redirection {
  const char *name;  // of a function that the module imports
  void *replacement; // what its slots are to hold
  void *expected;    // NULL: whatever they hold; else only slots that lead there, or that are not
                     // bound yet
  void *previous;    // out: what the first slot held, resolved: never one of the module's own stubs
  size_t n_slots;    // out: slots changed
};

// Points the GOT slots (R_*_JUMP_SLOT and R_*_GLOB_DAT) of the module that contains `address` at
// the replacements. Slots that hold theirs already are left alone. Returns the number of slots
// changed. The module must stay mapped meanwhile.
size_t nck_interpose_redirect(const void *address, struct nck_redirection *rows, size_t n_rows);

// The same for one name. `previous` may be NULL; it is written only when a slot was changed.
size_t nck_interpose_got(const void *address, const char *name, void *replacement, void **previous);

// Redirects the runtime's loader and exit slots, in the constructor, after start. The replacements
// call the real functions by their names: our own slots are never changed. (Bun's executable gives
// dlopen and dlclose an address of its own, which other modules see when they take the address of
// the function; a call through the procedure linkage table never goes there. So this library must
// not be built with -fno-plt.)
void nck_interpose_runtime_slots(void);

#endif
