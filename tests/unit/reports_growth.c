// reports_growth.c: the rule for growth on series as the library writes them, made from programs'
// lives.
#include "check.h"
#include "growth_life.h"

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
  life.n_collections = 0;
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

// A test for leaks: 40 turns of five calls in 120 ms, then collections and turns.
static void run_test(struct life *life, uint32_t each) {
  begin(life, 60);
  for (uint32_t t = 0; t < 40; t++) {
    life->turn++;
    for (uint32_t i = 0; i < each; i++)
      enter(life, 60 + t * 3, 1);
  }
}

static void collect_late(struct life *life, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    life->turn++;
    collect(life, 200 + i * 20);
  }
  life->turn += 3;
}

static void test_short(void) {
  static struct life life;
  run_test(&life, 5);
  collect_late(&life, 5);
  GROWS(&life, 320, false);
  GROWS(&life, 320, true);
  CHECK_UINT(judge(&life, 320, true).live, 200);
  // Only the end of the env released them.
  tear_down(&life);
  GROWS(&life, 320, true);
  // Without collections after the last one nothing is proved, nor where no turn followed.
  run_test(&life, 5);
  life.turn += 5;
  SILENT(&life, 320, false, "short");
  run_test(&life, 5);
  collect(&life, 100);
  collect(&life, 110);
  life.turn += 5;
  SILENT(&life, 320, false, "short");
  run_test(&life, 5);
  collect_late(&life, 5);
  life.turn -= 3 + 4;
  SILENT(&life, 320, false, "short");
  // One of them was released, too few, in one turn.
  run_test(&life, 5);
  enter(&life, 190, -1);
  collect_late(&life, 5);
  SILENT(&life, 320, true, "short");
  run_test(&life, 1);
  collect_late(&life, 5);
  SILENT(&life, 320, true, "few");
  life.site.kind = NCK_KIND_DEFERRED;
  GROWS(&life, 320, true);
  begin(&life, 60);
  for (uint32_t i = 0; i < 500; i++)
    enter(&life, 60 + i / 5, 1);
  collect_late(&life, 5);
  SILENT(&life, 320, false, "short");
  // The program went on: for many turns, or for a long time with few.
  run_test(&life, 5);
  collect_late(&life, 5);
  life.turn += 100;
  SILENT(&life, 320, false, "short");
  run_test(&life, 5);
  collect_late(&life, 5);
  SILENT(&life, 1400, false, "few moments");
  // A cache that is filled as it is asked.
  begin(&life, 60);
  for (uint32_t t = 0, made = 0; t < 40; t++) {
    life.turn++;
    for (uint32_t wanted = 200 - 200 * (40 - t) * (40 - t) / 1600; made < wanted; made++)
      enter(&life, 60 + t * 3, 1);
  }
  enter(&life, 60 + 40 * 3, 1);
  collect_late(&life, 5);
  SILENT(&life, 320, false, "short");
}

static void test_slower(void) {
  static struct life life;
  // Filled on demand over a minute: each request finds a little less missing.
  begin(&life, 100);
  double missing = 3000;
  for (uint32_t i = 0, made = 0; i < 6000; i++) {
    missing -= missing * 2 / 6000;
    for (; made < 3000 - missing; made++)
      enter(&life, 100 + i * 10, 1);
  }
  SILENT(&life, 60200, false, "slower and slower");
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
  test_short();
  test_slower();
  test_damaged();
  return CHECK_DONE();
}
