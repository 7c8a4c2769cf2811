// module.h: which files are mapped where; addresses to modules.
//
// Modules are recorded when they are first seen (path, bias, range, build-id, whether they import
// V8's C++ symbols), because Node unmaps a worker's addons when it ends; a row is used again when
// the same file (path and build-id) is mapped again.
#ifndef NAPICHECK_SHIM_MODULE_H
#define NAPICHECK_SHIM_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "hidden.h"

// Reads dl_iterate_phdr again and brings the table up to date: new modules get rows, vanished ones
// are marked unloaded. Cheap when nothing changed (dlpi_adds/dlpi_subs). Call after the runtime's
// dlopen and dlclose, and when an unknown code address turns up. Does nothing while the record is
// closed. Thread-safe.
void nck_module_refresh(void);

// Module row of an address, 0 when unknown (JIT code). Refreshes once for an unknown address unless
// it failed before. Thread-safe; no lock on the fast path.
uint32_t nck_module_find(uintptr_t address);

// Frame word (record.h) of a code address; 0 when it lies in no module. `exact` for function
// entries.
uint64_t nck_module_frame(uintptr_t address, bool exact);

// The same for writable data: a module's data segment and .bss alone, never code or read-only data,
// without refreshing. 0 when it is none.
uint32_t nck_module_find_data(uintptr_t address, uint64_t *offset);

// Where an address lies, for stack.c. `unwind` is the .eh_frame_hdr, 0 when there is none. False:
// in no module. Otherwise as nck_module_find.
struct nck_location {
  uintptr_t low, high, bias;
  uintptr_t unwind;
  uint32_t row;   // 0 when the record had no room
  uint32_t flags; // enum nck_module_flags
};
bool nck_module_locate(uintptr_t address, struct nck_location *location);

// Raised whenever a mapping came or went: caches keyed by addresses compare it.
extern uint32_t nck_module_epoch_now NCK_HIDDEN_DATA;
static inline uint32_t nck_module_epoch(void) {
  return __atomic_load_n(&nck_module_epoch_now, __ATOMIC_ACQUIRE);
}

// Marks a module as an addon (it registered, or called Node-API).
void nck_module_mark_addon(uint32_t module);

// Address range of this library itself, [low, high).
void nck_module_ours(uintptr_t *low, uintptr_t *high);

#endif
