// history.h: every reference's own history (history=full).
//
// A history is a chain of steps in the table of fates, from the last one back to the creation, and
// references that were treated alike share the rows: what it takes grows with the number of
// different histories. Pairs of steps (or single ones) that come again and again are kept once and
// marked as repeated; a history that is longer than NCK_HISTORY_MOST_STEPS ends in a step "more",
// and so do all new ones when there are more than a hundred thousand different steps.
#ifndef NAPICHECK_SHIM_HISTORY_H
#define NAPICHECK_SHIM_HISTORY_H

#include <stdint.h>

struct nck_object;

// Something was done to a live object: `verb` (enum nck_fate_verb) at `stack`, after which its
// count is what stands in its row. Anything but a reference or an unreference ends the history:
// call it before the slot is given back. Does nothing unless history=full.
void nck_history_note(struct nck_object *object, uint32_t stack, uint32_t verb);

#endif
