// module.h: which files are mapped where; addresses to modules.
//
// Modules are recorded when they are first seen (path, bias, range, build-id, whether they import V8's C++ symbols), because Node
// unmaps a worker's addons when it ends; a row is used again when the same file (path and build-id) is mapped again.
#ifndef NAPICHECK_SHIM_MODULE_H
#define NAPICHECK_SHIM_MODULE_H

#include <stdbool.h>
#include <stdint.h>

// Reads dl_iterate_phdr again and brings the table up to date: new modules get rows, vanished ones are marked unloaded. Cheap when nothing
// changed (dlpi_adds/dlpi_subs). Call after the runtime's dlopen and dlclose, and when an unknown code address turns up. Thread-safe.
void nck_module_refresh(void);

// Module row of an address, 0 when unknown (JIT code). Refreshes once for an unknown address unless it failed before. Thread-safe; no lock on
// the fast path.
uint32_t nck_module_find(uintptr_t address);

// Frame word (record.h) of a code address; 0 when it lies in no module. `exact` for function entries.
uint64_t nck_module_frame(uintptr_t address, bool exact);

// Raised whenever a mapping came or went: caches keyed by addresses compare it.
uint32_t nck_module_epoch(void);

// True when bit for the 2 MiB granule of a word is set: the word may be a code address of a module that is neither the runtime nor ours. A filter
// with false positives, no false negatives.
bool nck_module_maybe_code(uint64_t word);

// Marks a module as an addon (it registered, or called Node-API).
void nck_module_mark_addon(uint32_t module);

#endif
