// unwind.h: how a function's frame is left, for return addresses only: as a rule that stack.c
// follows within its own bounds, once for each address.
//
// The rules are libunwind's (libunwind.c); where it cannot be loaded, our own reading of the same
// tables (unwind.c). Neither reads the stack, so that no broken table can bring the program down.
#ifndef NAPICHECK_SHIM_UNWIND_H
#define NAPICHECK_SHIM_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#include "module.h"

enum nck_unwind_cfa {
  NCK_UNWIND_UNKNOWN,  // no table, or a rule that we do not know: the frame pointer may be guessed
  NCK_UNWIND_END,      // the outermost frame
  NCK_UNWIND_SP,       // CFA = stack pointer + cfa_offset
  NCK_UNWIND_FP,       // CFA = frame pointer + cfa_offset
  NCK_UNWIND_FP_LOADED // CFA = the word at frame pointer + cfa_offset (a realigned stack)
};
enum nck_unwind_fp {
  NCK_UNWIND_FP_SAME,   // still in its register
  NCK_UNWIND_FP_AT_CFA, // saved at CFA + fp_offset
  NCK_UNWIND_FP_AT_FP   // saved at frame pointer + fp_offset
};

// The return address stands at CFA - 8.
struct nck_unwind_rule {
  int32_t cfa_offset;
  int16_t fp_offset;
  uint8_t cfa; // enum nck_unwind_cfa
  uint8_t fp;  // enum nck_unwind_fp
};

// The rule at `address`, which lies at `location`. Reads the module's tables only. Keeps errno; may
// take a lock of its own, under which nothing of the program's runs.
struct nck_unwind_rule nck_unwind_rule(uintptr_t address, const struct nck_location *location);

// The same by one of the two. By libunwind: only after nck_unwind_start has returned true.
struct nck_unwind_rule nck_unwind_rule_by_tables(uintptr_t address,
                                                 const struct nck_location *location);
struct nck_unwind_rule nck_unwind_rule_by_libunwind(uintptr_t address,
                                                    const struct nck_location *location);

// Loads libunwind, into a scope of its own. Returns an address inside it; NULL: it is not there.
const void *nck_unwind_load(void);

// After a load that found it: starts it, and gives it the work if it speaks of our own code as our
// own reading does. In between, what the start must not call can be taken from it: see loader.c.
bool nck_unwind_start(void);

// Which of the two is at work, for people.
const char *nck_unwind_name(void);

#endif
