// unwind.h: how a function's frame is left, from the tables that compilers write (.eh_frame), for
// return addresses only.
//
// Why not a library: the addon's part of a stack ends at a known place, and an unwinder of our own
// can stop there and never read outside of it, so that no broken table can bring the program down.
// It opens no descriptors, takes no locks, keeps nothing about modules that are unmapped, and costs
// a fifth.
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

// The rule at `address`, which lies at `location`. Reads the module's tables only.
struct nck_unwind_rule nck_unwind_rule(uintptr_t address, const struct nck_location *location);

#endif
