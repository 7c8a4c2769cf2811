// shim_scan_addon.h: the places of shim_scan.c's library where a reference can be kept.
#ifndef NAPICHECK_TESTS_UNIT_SHIM_SCAN_ADDON_H
#define NAPICHECK_TESTS_UNIT_SHIM_SCAN_ADDON_H

#include <stdint.h>

struct places {
  uint64_t *data; // initialised
  uint64_t *bss;
  uint64_t *(*tls)(void);
  // Keeps a token, made of `high` and `low`, in a local variable while `call` runs.
  void (*hold)(uint32_t high, uint32_t low, void (*call)(void *), void *arg);
};

typedef const struct places *(*get_places)(void);

#endif
