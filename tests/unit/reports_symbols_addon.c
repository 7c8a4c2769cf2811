// reports_symbols_addon.c: a library whose frames the test of the symboliser knows by line.
#include "reports_symbols_addon.h"

int reports_symbols_variable[4];

__attribute__((noinline)) static void *where_am_i(void) { return __builtin_return_address(0); }

__attribute__((always_inline)) static inline void *inner(void) {
#line REPORTS_SYMBOLS_INNER_LINE
  void *address = where_am_i();
  __asm__ volatile("" ::: "memory");
  return address;
}

void *reports_symbols_outer(void) {
#line REPORTS_SYMBOLS_OUTER_LINE
  void *address = inner();
  __asm__ volatile("" ::: "memory");
  return address;
}
