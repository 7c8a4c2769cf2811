// reports_growth.c: the rule for growth on series as the library writes them, made from programs'
// lives.
#include "check.h"
#include "judge_growth.h"

// Writes a series and a site as the library does: buckets of 8 ms that double when they are full.
struct life {
  struct nck_site site;
  struct nck_series series;
  uint32_t gc_ms[4096];
  size_t n_gc;
};

static void begin(struct life *life, uint32_t start_ms) {
  memset(life, 0, sizeof *life);
  life->series.start_ms = start_ms;
  life->series.bucket_ms = 8;
  life->series.n_buckets = 1;
}

static void fill(struct nck_series *series, uint32_t to, uint32_t level) {
  for (uint32_t i = series->n_buckets; i < to; i++)
    series->buckets[i] = (struct nck_series_bucket){level, level, level, 0};
  if (to > series->n_buckets)
    series->n_buckets = to;
}

static void halve(struct nck_series *series) {
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

static void enter(struct life *life, uint32_t ms, int change) {
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
  if (change > 0)
    life->site.created++;
  else
    life->site.released++;
  if (live > life->site.peak)
    life->site.peak = live;
  if (live < entry->min)
    entry->min = live;
  if (live > entry->max)
    entry->max = live;
  entry->last = live;
  entry->n_events++;
}

static void collect(struct life *life, uint32_t ms) { life->gc_ms[life->n_gc++] = ms; }

// The env's end releases everything; the series does not hear of it.
static void tear_down(struct life *life) {
  life->site.released += life->site.live;
  life->site.released_at_teardown = life->site.live;
  life->site.live = 0;
}

static struct nck_growth judge(const struct life *life, uint64_t end_ms, bool needs_gc) {
  struct nck_growth_context context = {
      .end_ms = end_ms, .needs_gc = needs_gc, .gc_ms = life->gc_ms, .n_gc = life->n_gc};
  return nck_growth_judge(&life->site, &life->series, &context);
}

#define GROWS(life, end, gc) CHECK(judge(life, end, gc).grows)
#define SILENT(life, end, gc, why)                                                                 \
  do {                                                                                             \
    struct nck_growth growth_ = judge(life, end, gc);                                              \
    CHECK(!growth_.grows);                                                                         \
    CHECK(!strcmp(growth_.because, why));                                                          \
    if (strcmp(growth_.because, why) != 0)                                                         \
      fprintf(stderr, "  because: %s\n", growth_.because);                                         \
  } while (0)

static void test_leaks(void) {
  static struct life life;
  // One a second over five minutes.
  begin(&life, 200);
  for (uint32_t s = 0; s < 300; s++)
    enter(&life, 200 + s * 1000, 1);
  GROWS(&life, 300500, false);
  CHECK_UINT(judge(&life, 300500, false).live, 300);
  // Twenty a tick over a second.
  begin(&life, 60);
  for (uint32_t tick = 0; tick < 100; tick++) {
    for (int i = 0; i < 20; i++)
      enter(&life, 60 + tick * 10, 1);
  }
  GROWS(&life, 1070, false);
  // A million.
  begin(&life, 60);
  for (uint32_t i = 0; i < 1000000; i++)
    enter(&life, 60 + i / 200, 1);
  GROWS(&life, 5070, false);
  // Most are released, some are forgotten.
  begin(&life, 60);
  for (uint32_t i = 0; i < 20000; i++) {
    enter(&life, 60 + i, 1);
    if (i % 10)
      enter(&life, 60 + i, -1);
  }
  GROWS(&life, 20100, false);
}

static void test_cycle(void) {
  static struct life life;
  // Wrapped objects that reach themselves: only teardown releases them, while the collector runs.
  begin(&life, 100);
  for (uint32_t i = 0; i < 4000; i++) {
    enter(&life, 100 + i, 1);
    if (i % 300 == 299)
      collect(&life, 100 + i);
  }
  tear_down(&life);
  GROWS(&life, 4150, true);
  CHECK_UINT(judge(&life, 4150, true).live, 4000);
  // The same before the collector has run proves nothing, nor when it ran once.
  life.n_gc = 0;
  SILENT(&life, 4150, true, "up to the collector");
  collect(&life, 2000);
  SILENT(&life, 4150, true, "up to the collector");
  // Nor when others of the site have been collected.
  begin(&life, 100);
  for (uint32_t i = 0; i < 4000; i++) {
    enter(&life, 100 + i, 1);
    if (i % 300 == 299) {
      collect(&life, 100 + i);
      enter(&life, 100 + i, -1);
    }
  }
  SILENT(&life, 4150, true, "up to the collector");
}

static void test_innocent(void) {
  static struct life life;
  // A cache filled once at the start, then used.
  begin(&life, 100);
  for (uint32_t i = 0; i < 1000; i++)
    enter(&life, 100 + i / 10, 1);
  SILENT(&life, 60000, false, "few moments");
  // Filled over the first third.
  begin(&life, 100);
  for (uint32_t i = 0; i < 1000; i++)
    enter(&life, 100 + i * 10, 1);
  SILENT(&life, 30000, false, "plateau");
  // A cache that fills ever more slowly, as its keys repeat.
  begin(&life, 100);
  for (uint32_t i = 0, next = 1; i < 30000; i++) {
    if (i >= next) {
      enter(&life, 100 + i, 1);
      next = next + 1 + next / 40;
    }
  }
  SILENT(&life, 30200, false, "plateau");
  // A pool: taken and given back.
  begin(&life, 100);
  for (uint32_t i = 0; i < 10000; i++)
    enter(&life, 100 + i, i % 120 < 60 ? 1 : -1);
  SILENT(&life, 10200, false, "few");
  // A ring of 100 that is refilled for ever.
  begin(&life, 100);
  for (uint32_t i = 0; i < 10000; i++) {
    enter(&life, 100 + i, 1);
    if (i >= 100)
      enter(&life, 100 + i, -1);
  }
  SILENT(&life, 10200, false, "plateau");
  // A burst that is freed late.
  begin(&life, 100);
  for (uint32_t i = 0; i < 8000; i++)
    enter(&life, 100 + i, 1);
  for (uint32_t i = 0; i < 7000; i++)
    enter(&life, 8100 + i / 10, -1);
  SILENT(&life, 9000, false, "below its peak");
  // A burst at the end of a long run.
  begin(&life, 100);
  for (uint32_t i = 0; i < 60; i++)
    enter(&life, 100 + i, 1);
  for (uint32_t i = 0; i < 1000; i++)
    enter(&life, 20000 + i, 1);
  SILENT(&life, 21100, false, "few moments");
  // A phase of work at the end: the site has lived for a part of the run only.
  begin(&life, 9000);
  for (uint32_t i = 0; i < 1000; i++)
    enter(&life, 9000 + i, 1);
  SILENT(&life, 10010, false, "short");
  // A long start-up, then service.
  begin(&life, 100);
  for (uint32_t i = 0; i < 5000; i++)
    enter(&life, 100 + i, 1);
  for (uint32_t i = 0; i < 5000; i++) {
    enter(&life, 5100 + i, 1);
    enter(&life, 5100 + i, -1);
  }
  SILENT(&life, 10200, false, "plateau");
  // A short program.
  begin(&life, 50);
  for (uint32_t i = 0; i < 2000; i++)
    enter(&life, 50 + i / 10, 1);
  SILENT(&life, 300, false, "short");
  // A handful over minutes.
  begin(&life, 50);
  for (uint32_t i = 0; i < 40; i++)
    enter(&life, 50 + i * 1000, 1);
  SILENT(&life, 41000, false, "few");
  // Module after module.
  begin(&life, 50);
  life.site.flags = NCK_SITE_INIT;
  for (uint32_t i = 0; i < 500; i++)
    enter(&life, 50 + i * 10, 1);
  SILENT(&life, 5100, false, "initialisation");
}

static void test_damaged(void) {
  static struct life life;
  begin(&life, 50);
  life.site.live = 1000;
  life.series.n_buckets = NCK_SERIES_BUCKETS + 1;
  SILENT(&life, 5100, false, "no series");
  life.series.n_buckets = 0;
  SILENT(&life, 5100, false, "no series");
  life.series.n_buckets = NCK_SERIES_BUCKETS;
  life.series.bucket_ms = 0;
  SILENT(&life, 5100, false, "no series");
  life.series.bucket_ms = UINT32_MAX;
  life.series.start_ms = UINT32_MAX;
  life.series.buckets[NCK_SERIES_BUCKETS - 1].last = UINT32_MAX;
  CHECK(!judge(&life, UINT64_MAX, true).grows);
  CHECK(!judge(&life, 0, true).grows);
}

int main(void) {
  test_leaks();
  test_cycle();
  test_innocent();
  test_damaged();
  return CHECK_DONE();
}
