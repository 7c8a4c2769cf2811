// stack.h: native stacks, kept once.
//
// libunwind.so.8 is loaded with dlopen(RTLD_NOW | RTLD_LOCAL) when the first addon is loaded, because it exports _Unwind_* and must not enter the
// global scope. Without it a stack is the caller's return address alone, and the record says so.
#ifndef NAPICHECK_SHIM_STACK_H
#define NAPICHECK_SHIM_STACK_H

#include <stdbool.h>
#include <stdint.h>

// Loads libunwind. Once, when the first addon is loaded.
void nck_stack_start(void);

// Captures the addon's part of the stack: frames from the caller of the wrapper (`pc`, the wrapper's __builtin_return_address(0)) outwards to
// `limit`, the address in the stack where our trampoline entered the addon (0: unknown, then to the end or stack_depth). Frames of this library,
// of the runtime and of JIT code are left out. `sp` is the wrapper's __builtin_frame_address(0). Returns a stack index of the record; the same stack
// gives the same index; 0 when blind.
// A per-thread cache keyed by the code addresses found in the stack words between sp and limit makes a full unwind rare.
// Never with a lock of ours held. Any thread.
uint32_t nck_stack_capture(const void *pc, const void *sp, const void *limit);

// A stack of the single frame `address` (exact: a function's entry, not a return address).
uint32_t nck_stack_single(const void *address, bool exact);

// Drops this thread's cache (thread end).
void nck_stack_thread_end(void);

#endif
