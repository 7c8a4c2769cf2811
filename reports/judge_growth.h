// judge_growth.h: did the number of live objects of one call site rise through the whole run?
#ifndef NAPICHECK_REPORTS_JUDGE_GROWTH_H
#define NAPICHECK_REPORTS_JUDGE_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "napicheck/record.h"

// Collections of the whole heap that came soon after one another.
struct nck_growth_collection {
  uint32_t first_ms, last_ms;
  uint32_t turn; // of the event loop, at the last of them; 0: unknown
  uint32_t n;
};

// Circumstances of the site's process that the series does not hold.
struct nck_growth_context {
  uint64_t end_ms; // of the process, since its start
  bool needs_gc;   // releases may be up to the garbage collector
  const struct nck_growth_collection *collections;
  size_t n_collections;
  uint32_t n_turns;      // of event loops in which addons were called; 0: unknown
  uint64_t n_dead;       // weak references of the site whose value is gone
  uint64_t n_weak_alive; // weak references of the site whose value may live
};

struct nck_growth {
  bool grows;
  uint64_t live;       // when the run ended, before teardown released anything
  const char *because; // why not, in a word for tests and for people who ask; "" when it grows
};

// A pure function of its arguments. The rule, its reasons and its limits are told in
// judge_growth.c.
struct nck_growth nck_growth_judge(const struct nck_site *site, const struct nck_series *series,
                                   const struct nck_growth_context *context);

#endif
