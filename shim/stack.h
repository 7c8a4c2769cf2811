// stack.h: native stacks, kept once.
//
// The addon's part of the stack is unwound by unwind.c's rules: it reads only between the wrapper's
// frame and the frame of ours that called the addon, so that no broken table and no hand-written
// code can make it fault, and it ends exactly there.
#ifndef NAPICHECK_SHIM_STACK_H
#define NAPICHECK_SHIM_STACK_H

#include <stdbool.h>
#include <stdint.h>

// Captures the addon's part of the stack: frames from the caller of the wrapper (`pc`, the
// wrapper's __builtin_return_address(0)) outwards to `limit`, the address in the stack where our
// trampoline entered the addon (NULL: unknown, then to the first frame of the runtime or the end of
// the thread's stack), at most stack_depth frames. Frames of this library, of the runtime and of
// JIT code end it, frames of libc are left out at the outer end. To be called while the wrapper
// runs, from any depth of this library; where `pc` is not found above that, it is taken for a
// function's entry and is the whole stack.
// Returns a stack index of the record; the same stack gives the same index; 0 when blind. What it
// costs stands in stack.c. Never with a lock of ours held. Any thread. Keeps errno.
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

// The stack that nck_stack_capture_at would return, where it is known; NULL: it has to be captured.
struct nck_known_stack *nck_stack_known(const void *frame, const void *limit);

// A stack of the single frame `address` (exact: a function's entry, not a return address).
uint32_t nck_stack_single(const void *address, bool exact);

// The stack pointer of the function outside this library that called into it last on this thread:
// below it, the stack holds nothing of the program's but what is dead. 0: cannot be told.
uintptr_t nck_stack_outside(void);

// Drops this thread's cache (thread end). Captures after that work without one.
void nck_stack_thread_end(void);

#endif
