// judge_growth.c: did the number of live objects of one call site rise through the whole run?
//
// The rule. The time from the site's first object to the end of the run is cut into eighths; the
// level of an eighth is the least number of objects alive in it. It is growth when
//   1. at least 50 objects are alive at the end, nearly as many as ever (a handful proves nothing;
//   after a burst that was
//      freed the peak is far above the end);
//   2. the level rises from every eighth to the next, each time by a fair share of the whole rise
//   (a cache or a pool that was filled, and
//      a start-up phase, leave a plateau; a ring that is refilled does not rise; a late burst rises
//      only at the end);
//   3. the site was at work in at least half of the process's life and for half a second, in at
//   least 16 buckets (a short program, or
//      one that only loads, shows its start-up and nothing else);
//   4. where releasing may be the garbage collector's business (the env has wraps, externals or
//   finalizers), several
//      collections were seen meanwhile: before the first one everything rises.
// What teardown released at the end counts as alive: it is the cycle through a wrapped object that
// only teardown can cut. Sites that run while a module initialises never grow: a program that loads
// ever more modules makes them.
//
// The limits. A leak that starts late, comes in few bursts, or in a run shorter than that stays
// `held`. A cache without a bound that is filled evenly through the whole run is called growth:
// over that run it is.
#include "judge_growth.h"

#define N_EIGHTHS 8
#define LEAST_LIVE 50
#define LEAST_BUCKETS 16
#define LEAST_SPAN_MS 500
#define LEAST_GCS 4

static struct nck_growth silent(uint64_t live, const char *because) {
  return (struct nck_growth){false, live, because};
}

// Buckets before the one in which teardown began to release. Its own minimum is no level of the
// run, its maximum is.
static uint32_t find_teardown(const struct nck_site *site, const struct nck_series *series,
                              uint64_t live) {
  uint32_t i = series->n_buckets;
  if (!site->released_at_teardown)
    return i;
  while (i && series->buckets[i - 1].max < live)
    i--;
  return i ? i - 1 : 0;
}

struct nck_growth nck_growth_judge(const struct nck_site *site, const struct nck_series *series,
                                   const struct nck_growth_context *context) {
  uint64_t live = (uint64_t)site->live + site->released_at_teardown;
  if (site->flags & NCK_SITE_INIT)
    return silent(live, "initialisation");
  if (live < LEAST_LIVE)
    return silent(live, "few");
  if (live < site->peak - site->peak / 10)
    return silent(live, "below its peak");
  if (!series->bucket_ms || !series->n_buckets || series->n_buckets > NCK_SERIES_BUCKETS)
    return silent(live, "no series");
  uint64_t start = series->start_ms, end = context->end_ms;
  if (end <= start || end - start < LEAST_SPAN_MS || (end - start) * 2 < end)
    return silent(live, "short");
  if (context->needs_gc && context->n_gc_seen < LEAST_GCS)
    return silent(live, "no collections");

  // The least of each eighth; a bucket belongs to every eighth that it touches, so that a coarse
  // series is judged more strictly.
  uint64_t level[N_EIGHTHS];
  uint32_t n_active = 0, n_run = find_teardown(site, series, live);
  for (uint32_t k = 0; k < N_EIGHTHS; k++)
    level[k] = UINT64_MAX;
  uint64_t last = 0;
  for (uint32_t i = 0; i < series->n_buckets && i <= n_run; i++) {
    const struct nck_series_bucket *bucket = &series->buckets[i];
    bool teardown = i == n_run && i < series->n_buckets;
    uint64_t least = teardown ? bucket->max : bucket->min;
    n_active += bucket->n_events != 0;
    uint64_t from = (uint64_t)i * series->bucket_ms, to = from + series->bucket_ms - 1;
    uint64_t first_eighth = from * N_EIGHTHS / (end - start);
    uint64_t last_eighth = to * N_EIGHTHS / (end - start);
    for (uint64_t k = first_eighth; k <= last_eighth && k < N_EIGHTHS; k++)
      level[k] = least < level[k] ? least : level[k];
    last = teardown ? bucket->max : bucket->last;
  }
  // After the last bucket nothing happened: the level stays.
  for (uint32_t k = 0; k < N_EIGHTHS; k++)
    level[k] = level[k] == UINT64_MAX ? last : level[k];
  if (n_active < LEAST_BUCKETS)
    return silent(live, "few moments");
  if (level[N_EIGHTHS - 1] <= level[0])
    return silent(live, "level");
  uint64_t rise = level[N_EIGHTHS - 1] - level[0];
  uint64_t share = rise / (N_EIGHTHS * 4);
  for (uint32_t k = 1; k < N_EIGHTHS; k++) {
    if (level[k] <= level[k - 1] || level[k] - level[k - 1] < share)
      return silent(live, "plateau");
  }
  return (struct nck_growth){true, live, ""};
}
