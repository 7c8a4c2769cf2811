// shim_stack_bare.c: functions without unwind tables and without frame pointers (see CMakeLists.txt
// for the flags): nothing can say where their frames end.
#include <stdint.h>

#include "shim_stack_addon.h"

#define KEEP_FRAME(result) __asm__ volatile("" : "+r"(result))

int shim_stack_bare(probe call, int argument);

static __attribute__((noinline)) int bare_inner(probe call, int argument) {
  volatile long memory[40];
  for (int i = 0; i < 40; i++)
    memory[i] = 0x4141414141414141; // what a wrong step would follow
#if defined(__x86_64__)
  // A frame pointer that is none, as in code that uses the register for its own ends.
  long result = (long)(uintptr_t)call, first = argument, bogus = (long)argument * 0x1001;
  __asm__ volatile("lea -128(%%rsp), %%rsp\n\t" // the compiler may keep something there
                   "push %%rbp\n\t"
                   "mov %%rsp, %%rbx\n\t"
                   "and $-16, %%rsp\n\t"
                   "mov %%rdx, %%rbp\n\t"
                   "call *%%rax\n\t"
                   "mov %%rbx, %%rsp\n\t"
                   "pop %%rbp\n\t"
                   "lea 128(%%rsp), %%rsp"
                   : "+a"(result), "+D"(first), "+d"(bogus)
                   :
                   : "rbx", "rsi", "rcx", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1",
                     "xmm2", "xmm3");
#else
  long result = call(argument);
#endif
  KEEP_FRAME(result);
  return (int)result + (int)memory[3];
}

int shim_stack_bare(probe call, int argument) {
  int result = bare_inner(call, argument);
  KEEP_FRAME(result);
  return result + 1;
}
