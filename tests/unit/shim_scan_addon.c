// shim_scan_addon.c: a library with places where a reference can be kept.
#include "shim_scan_addon.h"

static uint64_t data = 1;
static uint64_t bss[100];
static __thread uint64_t tls[4];

static __attribute__((noinline)) uint64_t *tls_place(void) { return &tls[2]; }

static __attribute__((noinline)) void hold(uint32_t high, uint32_t low, void (*call)(void *),
                                           void *arg) {
  volatile uint64_t mine = (uint64_t)high << 32 | low;
  call(arg);
  mine = 0;
  (void)mine;
}

const struct places *shim_scan_places(void);
__attribute__((visibility("default"))) const struct places *shim_scan_places(void) {
  static const struct places all = {&data, &bss[50], tls_place, hold};
  return &all;
}
