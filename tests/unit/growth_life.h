// growth_life.h: lives of call sites for tests of the rule for growth: series as the library writes
// them (shim/object.c), buckets of 8 ms that double when they are full, and the turns in which
// objects were made.
#ifndef NAPICHECK_TESTS_GROWTH_LIFE_H
#define NAPICHECK_TESTS_GROWTH_LIFE_H

#include <string.h>

#include "judge_growth.h"

#define LIFE_COLLECTIONS 512

struct life {
  struct nck_site site;
  struct nck_series series;
  struct nck_growth_collection collections[LIFE_COLLECTIONS];
  size_t n_collections;
  uint32_t turn; // of the event loop; 0: not told
};

static inline void begin(struct life *life, uint32_t start_ms) {
  memset(life, 0, sizeof *life);
  life->site.kind = NCK_KIND_REFERENCE;
  life->series.start_ms = start_ms;
  life->series.bucket_ms = 8;
  life->series.n_buckets = 1;
}

static inline void fill(struct nck_series *series, uint32_t to, uint32_t level) {
  for (uint32_t i = series->n_buckets; i < to; i++)
    series->buckets[i] = (struct nck_series_bucket){level, level, level, 0};
  if (to > series->n_buckets)
    series->n_buckets = to;
}

static inline void halve(struct nck_series *series) {
  for (uint32_t i = 0; i < NCK_SERIES_BUCKETS / 2; i++) {
    struct nck_series_bucket a = series->buckets[2 * i], b = series->buckets[2 * i + 1];
    series->buckets[i] = (struct nck_series_bucket){.min = a.min < b.min ? a.min : b.min,
                                                    .max = a.max > b.max ? a.max : b.max,
                                                    .last = b.last,
                                                    .n_events = a.n_events + b.n_events};
  }
  series->n_buckets = NCK_SERIES_BUCKETS / 2;
  series->bucket_ms *= 2;
}

static inline void enter(struct life *life, uint32_t ms, int change) {
  struct nck_series *series = &life->series;
  uint32_t before = life->site.live, live = before + (uint32_t)change;
  uint32_t bucket = (ms - series->start_ms) / series->bucket_ms;
  while (bucket >= NCK_SERIES_BUCKETS) {
    fill(series, NCK_SERIES_BUCKETS, before);
    halve(series);
    bucket = (ms - series->start_ms) / series->bucket_ms;
  }
  fill(series, bucket + 1, before);
  struct nck_series_bucket *entry = &series->buckets[bucket];
  life->site.live = live;
  if (change > 0) {
    life->site.created++;
    if (life->site.last_turn != life->turn || life->site.n_turns == 0) {
      if ((life->site.n_turns & (life->site.n_turns + 1)) == 0) {
        series->created_long_before = series->created_before;
        series->created_before = (uint32_t)(life->site.created - 1);
      }
      if (life->site.n_turns++ == 0)
        life->site.first_turn = life->turn;
      life->site.last_turn = life->turn;
    }
  } else {
    life->site.released++;
  }
  life->site.last_ms = ms;
  if (live > life->site.peak)
    life->site.peak = live;
  if (live < entry->min)
    entry->min = live;
  if (live > entry->max)
    entry->max = live;
  entry->last = live;
  entry->n_events++;
}

static inline void collect(struct life *life, uint32_t ms) {
  if (life->n_collections < LIFE_COLLECTIONS)
    life->collections[life->n_collections++] =
        (struct nck_growth_collection){ms, ms, life->turn, 1};
}

// The env's end releases everything; the series does not hear of it.
static inline void tear_down(struct life *life) {
  life->site.released += life->site.live;
  life->site.released_at_teardown = life->site.live;
  life->site.live = 0;
}

static inline struct nck_growth judge(const struct life *life, uint64_t end_ms, bool needs_gc) {
  struct nck_growth_context context = {
      .end_ms = end_ms,
      .needs_gc = needs_gc,
      .collections = life->collections,
      .n_collections = life->n_collections,
      .n_turns = life->turn,
  };
  return nck_growth_judge(&life->site, &life->series, &context);
}

#endif
