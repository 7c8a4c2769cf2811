// stack.h: native stacks, kept once.
//
// The addon's part of the stack is unwound by unwind.c's rules: it reads only between the wrapper's
// frame and the frame of ours that called the addon, so that no broken table and no hand-written
// code can make it fault, and it ends exactly there.
#ifndef NAPICHECK_SHIM_STACK_H
#define NAPICHECK_SHIM_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "api.h"
#include "hidden.h"
#include "module.h"

// Captures the addon's part of the stack: frames from the caller of the wrapper (`pc`, the
// wrapper's __builtin_return_address(0)) outwards to `limit`, the address in the stack where our
// trampoline entered the addon (NULL: unknown, then to the first frame of the runtime or the end of
// the thread's stack), at most stack_depth frames. Frames of this library, of the runtime and of
// JIT code end it, frames of libc are left out at the outer end. To be called while the wrapper
// runs, from any depth of this library; where `pc` is not found above that, it is taken for a
// function's entry and is the whole stack.
// Where the addon's last call took the place of its own frame (a tail call), nothing of the addon
// is left there: the stack is the function that was entered at `limit`. Returns a stack index of
// the record; the same stack gives the same index; 0 when blind. What it costs stands in stack.c.
// Never with a lock of ours held. Any thread. Keeps errno.
uint32_t nck_stack_capture(const void *pc, const void *limit);

// The same for a wrapper that says where its own frame is: `frame` is its
// __builtin_frame_address(0). The cheaper one, as it has no frames of ours to leave.
uint32_t nck_stack_capture_at(const void *frame, const void *limit);

// A stack that is captured again and again, and what its wrapper wants to find with it: a row that
// belongs to the stack and to `key`, which is not 0. A row may be entered while `stack` is still
// the one that was captured. The thread's own.
struct nck_known_stack {
  uint32_t stack;
  uint32_t key, row;
};

// A walk, by the words of the stack that decided it: return addresses, and frame pointers (and the
// like) where a frame was found through one; these are kept relative to the stack pointer. A walk
// from the same pc to a limit as far away that would read the same words is the same walk, and
// comparing them takes no chain of dependent loads. While it is made, the relative words are put in
// from the end; then they follow the others.
enum { NCK_N_WALKS = 256, NCK_MOST_READ = 10 };
struct nck_walk {
  uintptr_t pc;  // 0: free
  uint32_t span; // from the stack pointer to the limit
  struct nck_known_stack known;
  uint8_t n_absolute, n_words;
  uint16_t offsets[NCK_MOST_READ]; // from the stack pointer, in words
  uint64_t words[NCK_MOST_READ];
};
_Static_assert(sizeof(struct nck_walk) == 128, "found by a shift");

// The walks that this thread made. `walks` is NULL while none may be read: a capture is under way.
extern __thread struct nck_thread_walks {
  struct nck_walk *walks;
  uint32_t epoch; // of nck_module_epoch_now
} nck_thread_walks __attribute__((tls_model("initial-exec"))) NCK_HIDDEN_DATA;

static inline __attribute__((always_inline)) struct nck_walk *
nck_walk_find(struct nck_walk *walks, uintptr_t pc, uintptr_t span) {
  uint64_t hash = (pc + (span << 20)) * 0x9e3779b97f4a7c15ull;
  return &walks[hash >> 40 & (NCK_N_WALKS - 1)];
}

// Would a walk from `sp` read the same? A jump to as many comparisons as there are.
static inline __attribute__((always_inline)) bool nck_walk_is_same(const struct nck_walk *walk,
                                                                   const uint64_t *sp) {
  unsigned n = walk->n_absolute;
#define NCK_COMPARE(i)                                                                             \
  case (i) + 1:                                                                                    \
    if (NCK_UNLIKELY(sp[walk->offsets[i]] != walk->words[i]))                                      \
      return false;                                                                                \
    __attribute__((fallthrough))
  switch (n) {
    NCK_COMPARE(9);
    NCK_COMPARE(8);
    NCK_COMPARE(7);
    NCK_COMPARE(6);
    NCK_COMPARE(5);
    NCK_COMPARE(4);
    NCK_COMPARE(3);
    NCK_COMPARE(2);
    NCK_COMPARE(1);
    NCK_COMPARE(0);
  case 0:
    break;
  default:
    __builtin_unreachable();
  }
#undef NCK_COMPARE
  for (; NCK_UNLIKELY(n < walk->n_words); n++)
    if (sp[walk->offsets[n]] - (uintptr_t)sp != walk->words[n])
      return false;
  return true;
}

// The walk from there as it was made before; NULL: it has to be made.
static inline __attribute__((always_inline)) struct nck_walk *
nck_walk_known(uintptr_t low, uintptr_t high, uintptr_t pc) {
  struct nck_walk *walks = nck_thread_walks.walks;
  // There are none without a record, and none are kept where stacks are one frame deep.
  if (NCK_UNLIKELY(walks == NULL || nck_thread_walks.epoch != nck_module_epoch()))
    return NULL;
  struct nck_walk *walk = nck_walk_find(walks, pc, high - low);
  if (NCK_UNLIKELY(walk->pc != pc || walk->span != high - low))
    return NULL;
  return NCK_LIKELY(nck_walk_is_same(walk, (const uint64_t *)low)) ? walk : NULL;
}

// The stack that nck_stack_capture_at would return, where it is known; NULL: it has to be captured.
static inline __attribute__((always_inline)) struct nck_known_stack *
nck_stack_known(const void *frame, const void *limit) {
#if defined(__x86_64__)
  struct nck_walk *walk =
      nck_walk_known((uintptr_t)frame, (uintptr_t)limit, ((const uintptr_t *)frame)[1]);
  return NCK_LIKELY(walk != NULL) ? &walk->known : NULL;
#else
  (void)frame;
  (void)limit;
  return NULL;
#endif
}

// The addon's function that was entered at `limit`, a limit that was given; NULL: unknown. frame.c.
const void *nck_stack_entered(const void *limit);

// A stack of the single frame `address` (exact: a function's entry, not a return address).
uint32_t nck_stack_single(const void *address, bool exact);

// The stack pointer of the function outside this library that called into it last on this thread:
// below it, the stack holds nothing of the program's but what is dead. 0: cannot be told.
uintptr_t nck_stack_outside(void);

// Drops this thread's cache (thread end). Captures after that work without one.
void nck_stack_thread_end(void);

#endif
