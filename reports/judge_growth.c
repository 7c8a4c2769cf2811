// judge_growth.c: did the number of live objects of one call site rise through the whole run?
//
// The rule. The time from the site's first object to the end of the run is cut into eighths; the
// level of an eighth is the least number of objects alive in it. It is growth when
//   1. at least 50 objects are alive at the end, nearly as many as ever (a handful proves nothing;
//      after a burst that was freed the peak is far above the end);
//   2. the level rises from every eighth to the next, each time by a fair share of the whole rise,
//      and the last quarter brought at least half of what a quarter brings on the average (a cache
//      or a pool that was filled, and a start-up phase, leave a plateau; a cache that fills as it
//      is asked rises ever more slowly; a ring that is refilled does not rise; a late burst rises
//      only at the end);
//   3. the site was at work in at least half of the process's life and for half a second, in at
//      least 16 buckets (a short program, or one that only loads, shows its start-up and nothing
//      else);
//   4. where releasing may be the garbage collector's business (the process has wraps or
//      externals), whole heaps were collected in at least half of the eighths, the last quarter
//      among them, and nothing of this site was ever released: before the first collection
//      everything rises, and what some collections released others may release later.
// Or, in runs that are too short for that, as tests for leaks are:
//   5. nothing of this site was ever released, though whole heaps were collected at least twice in
//      later turns of the event loop than that of its last object, and turns followed that (so
//      whatever a finalizer releases had its chance); it created at least 50 references in 12
//      different turns (20 heavier objects in 8), was at work for two fifths of the turns since its
//      first object, and the process did not go on for long after its last one: a cache that is
//      filled in one go is filled in one turn, one that is filled at start-up is followed by many
//      more turns, or much more time, without growth; and it grew evenly, by its turns where most
//      turns brought some, else by time. Weak references count only when the values of four
//      fifths are gone.
// What teardown released at the end is alive here (the library does not enter it into the series):
// it is the cycle through a wrapped object that only teardown can cut. Sites that run while a
// module initialises never grow: a program that loads ever more modules makes them.
//
// The limits. A leak that starts late, comes in few bursts, comes ever more seldom, or in a run
// shorter than that stays `held`; so does one in a process that has wraps and whose heap is never
// collected. What is filled evenly through the whole run, on purpose and without a bound, is called
// growth: over that run it is.
//
// How often it is wrong is measured on lives of call sites that are made up from seeds, tests/unit/
// reports_growth_rates.c: one of 160,000 lives without a leak is called growth, and 2 of 100
// leaks are missed, most of them under a pool that swings more widely than the leak grows.
#include "judge_growth.h"

#define N_EIGHTHS 8
#define LEAST_LIVE 50
#define LEAST_BUCKETS 16
#define LEAST_SPAN_MS 500
#define LEAST_GC 4 // eighths with a collection
#define LEAST_TURNS 12
#define LEAST_LATE_GC 2 // collections after the last object
#define LEAST_PACE_BUCKETS 4
#define LEAST_QUARTER_BUCKETS 8
#define MOST_IDLE_MS 700
#define LEAST_HEAVY 20 // works, threadsafe functions, deferreds, contexts
#define LEAST_HEAVY_TURNS 8

static struct nck_growth silent(uint64_t live, const char *because) {
  return (struct nck_growth){false, live, because};
}

static bool is_series(const struct nck_series *series) {
  return series->bucket_ms && series->n_buckets && series->n_buckets <= NCK_SERIES_BUCKETS;
}

// True when collections were seen all along.
static bool saw_collections(const struct nck_growth_context *context, uint64_t start) {
  bool seen[N_EIGHTHS] = {false};
  uint64_t span = context->end_ms - start;
  for (size_t i = 0; i < context->n_collections; i++) {
    uint32_t ends[] = {context->collections[i].first_ms, context->collections[i].last_ms};
    for (int k = 0; k < 2; k++)
      if (ends[k] >= start && ends[k] < context->end_ms)
        seen[(ends[k] - start) * N_EIGHTHS / span] = true;
  }
  unsigned n = 0;
  for (unsigned k = 0; k < N_EIGHTHS; k++)
    n += seen[k];
  return n >= LEAST_GC && (seen[N_EIGHTHS - 1] || seen[N_EIGHTHS - 2]);
}

// The least number alive in each eighth of the span. A bucket belongs to every eighth that it
// touches, so a coarse series is judged more strictly. Returns the number of buckets in which
// something happened.
static uint32_t find_levels(const struct nck_series *series, uint64_t span,
                            uint64_t level[N_EIGHTHS]) {
  uint32_t n_active = 0;
  for (uint32_t k = 0; k < N_EIGHTHS; k++)
    level[k] = UINT64_MAX;
  for (uint32_t i = 0; i < series->n_buckets; i++) {
    const struct nck_series_bucket *bucket = &series->buckets[i];
    n_active += bucket->n_events != 0;
    uint64_t from = (uint64_t)i * series->bucket_ms, to = from + series->bucket_ms - 1;
    uint64_t last = to * N_EIGHTHS / span;
    for (uint64_t k = from * N_EIGHTHS / span; k <= last && k < N_EIGHTHS; k++)
      level[k] = bucket->min < level[k] ? bucket->min : level[k];
  }
  // After the last bucket nothing happened: the level stays.
  for (uint32_t k = 0; k < N_EIGHTHS; k++) {
    if (level[k] == UINT64_MAX)
      level[k] = series->buckets[series->n_buckets - 1].last;
  }
  return n_active;
}

// Buckets before the one in which the number reached what it is in the end.
static uint32_t count_rising(const struct nck_series *series, uint64_t live) {
  uint32_t n = 0;
  while (n + 1 < series->n_buckets && series->buckets[n].max < live)
    n++;
  return n;
}

// Did the garbage collector have its chance at the last objects of the site?
static bool was_collected_after(const struct nck_growth_context *context, uint32_t last_turn) {
  uint32_t n = 0;
  for (size_t i = 0; i < context->n_collections; i++) {
    const struct nck_growth_collection *collection = &context->collections[i];
    if (collection->turn > last_turn && collection->turn < context->n_turns)
      n += collection->n;
  }
  return n >= LEAST_LATE_GC;
}

// Of the turns in which it made objects: did the later ones bring about as many as the earlier
// ones?
static bool is_even_by_turns(const struct nck_site *site, const struct nck_series *series) {
  uint32_t power = 1;
  while (power <= site->n_turns / 2)
    power *= 2;
  // Before the turn `power` there were so many; where that is late, before half of it.
  bool is_late = (power - 1) * 10ull > site->n_turns * 7ull;
  uint64_t created = is_late ? series->created_long_before : series->created_before;
  uint64_t turns = (is_late ? power / 2 : power) - 1;
  return created * 10 * site->n_turns <= site->created * (turns * 10 + site->n_turns * 2);
}

// The same by time, from the first object to the last one.
static bool is_even_by_time(const struct nck_series *series, uint64_t live) {
  uint32_t n = count_rising(series, live) + 1;
  if (n < LEAST_PACE_BUCKETS) // too short to tell
    return false;
  // The last bucket may hardly have begun, so time is counted without it.
  uint32_t half = (n - 2) / 2;
  uint64_t tenths_of_time = (half + 1) * 10ull / (n - 1);
  if (series->buckets[half].last * 10ull > live * (tenths_of_time + 2))
    return false;
  return n < LEAST_QUARTER_BUCKETS || (live - series->buckets[n * 3 / 4].last) * N_EIGHTHS >= live;
}

// Where most turns brought some, the turns tell, whatever else the machine was busy with.
static bool is_even(const struct nck_site *site, const struct nck_series *series, uint64_t live) {
  bool is_dense = site->n_turns >= (site->last_turn - site->first_turn + 1) / 4 * 3;
  return is_dense ? is_even_by_turns(site, series) : is_even_by_time(series, live);
}

// Short runs are judged by turns of the event loop instead of time.
static bool grows_by_turns(const struct nck_site *site, const struct nck_series *series,
                           const struct nck_growth_context *context) {
  uint64_t live = site->live + (uint64_t)site->released_at_teardown;
  bool reference = site->kind == NCK_KIND_REFERENCE;
  if (site->flags & NCK_SITE_INIT || live != site->created || context->n_turns == 0)
    return false;
  if (live < (reference ? LEAST_LIVE : LEAST_HEAVY) ||
      site->n_turns < (reference ? LEAST_TURNS : LEAST_HEAVY_TURNS))
    return false;
  // Weak references wait for the collector: that they outlived their values is the evidence.
  bool weak = context->n_dead > 0;
  if (weak ? context->n_dead < live - live / 5
           : reference && context->n_weak_alive + site->weak_at_teardown > 0)
    return false;
  uint32_t span = context->n_turns - site->first_turn, used = site->last_turn - site->first_turn;
  if (used < span * 2 / 5 || !was_collected_after(context, site->last_turn))
    return false;
  uint64_t worked = (count_rising(series, live) + 1ull) * series->bucket_ms;
  uint64_t last = series->start_ms + worked;
  uint64_t idle = context->end_ms > last ? context->end_ms - last : 0;
  if (idle > MOST_IDLE_MS && worked * 5 < (worked + idle) * 2)
    return false;
  return is_even(site, series, live);
}

struct nck_growth nck_growth_judge(const struct nck_site *site, const struct nck_series *series,
                                   const struct nck_growth_context *context) {
  if (!is_series(series))
    return silent(site->live, "no series");
  if (grows_by_turns(site, series, context))
    return (struct nck_growth){true, site->live + (uint64_t)site->released_at_teardown, ""};
  uint64_t live = series->buckets[series->n_buckets - 1].last, start = series->start_ms;
  if (site->flags & NCK_SITE_INIT)
    return silent(live, "initialisation");
  if (live < LEAST_LIVE)
    return silent(live, "few");
  if (live < site->peak - site->peak / 10)
    return silent(live, "below its peak");
  uint64_t end = context->end_ms;
  if (end <= start || end - start < LEAST_SPAN_MS || (end - start) * 2 < end)
    return silent(live, "short");
  if (context->needs_gc &&
      (site->released > site->released_at_teardown || !saw_collections(context, start)))
    return silent(live, "up to the collector");
  uint64_t level[N_EIGHTHS];
  if (find_levels(series, end - start, level) < LEAST_BUCKETS)
    return silent(live, "few moments");
  if (level[N_EIGHTHS - 1] <= level[0])
    return silent(live, "level");
  uint64_t share = (level[N_EIGHTHS - 1] - level[0]) / (N_EIGHTHS * 4);
  for (uint32_t k = 1; k < N_EIGHTHS; k++) {
    if (level[k] <= level[k - 1] || level[k] - level[k - 1] < share)
      return silent(live, "plateau");
  }
  if ((live - level[N_EIGHTHS - 2]) * N_EIGHTHS < live - level[0])
    return silent(live, "slower and slower");
  return (struct nck_growth){true, live, ""};
}
