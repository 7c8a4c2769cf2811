// reports_growth_rates.c: how often the rule for growth is wrong, over thousands of lives of call
// sites that are made up from a seed: programs that leak and programs that do not, of the shapes
// that such programs have.
//
//   unit_reports_growth_rates [LIVES [SEED]]   prints the rates; fails when one is above its bound
//
// A bound is what was measured, with room for another seed.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "growth_life.h"

// --- chance ---

static uint64_t state;

static double uniform(double from, double to) { // splitmix64
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return from + (to - from) * (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static double wide(double from, double to) { return from * pow(to / from, uniform(0, 1)); }
static bool chance(double p) { return uniform(0, 1) < p; }
static double wait(double mean) { return -mean * log(1 - uniform(0, 1)); }
static uint32_t whole(double from, double to) { return (uint32_t)uniform(from, to + 1); }

// --- a program ---

struct program {
  struct life life;
  double start, end, now; // ms
  double turn_ms;         // of the event loop, on the whole
  double gc_ms;           // between collections; 0: none
  double next_gc;
  uint32_t n_garbage; // objects that the next collection releases
  bool needs_gc;
};

// A process that has run for a moment when the site makes its first object.
static void launch(struct program *program, double span_ms) {
  memset(program, 0, sizeof *program);
  program->start = program->now = uniform(30, 400);
  program->end = program->start + span_ms;
  program->turn_ms = wide(0.5, 50);
  program->gc_ms = wide(200, 60e3);
  program->next_gc = program->now + wait(program->gc_ms);
  begin(&program->life, (uint32_t)program->start);
  program->life.turn = 1;
}

// The process has wraps: their finalizers may be those who release.
static void collects(struct program *program, double every_ms) {
  program->needs_gc = true;
  program->gc_ms = every_ms;
  program->next_gc = every_ms > 0 ? program->now + wait(every_ms) : 0;
}

static void let_go(struct program *program, uint32_t n) {
  while (n-- > 0 && program->life.site.live > 0)
    enter(&program->life, (uint32_t)program->now, -1);
}

static void collect_now(struct program *program) {
  collect(&program->life, (uint32_t)program->now);
  program->life.turn++; // finalizers run in a turn of their own
  let_go(program, program->n_garbage);
  program->n_garbage = 0;
}

static void go_to(struct program *program, double ms) {
  double from = program->now;
  while (program->gc_ms > 0 && program->next_gc <= ms) {
    program->now = program->next_gc;
    program->next_gc += wait(program->gc_ms) + 1;
    collect_now(program);
  }
  program->now = ms;
  program->life.turn += (uint32_t)((ms - from) / program->turn_ms);
}

static void make(struct program *program, uint32_t n) {
  while (n-- > 0)
    enter(&program->life, (uint32_t)program->now, 1);
}

static void turn(struct program *program) { program->life.turn++; }

// What a test does at its end: collections and some turns.
static void settle(struct program *program, bool exposed) {
  for (int i = 0; i < 5; i++) {
    if (exposed)
      collect_now(program);
    go_to(program, program->now + 20);
    turn(program);
  }
  program->end = program->now + uniform(1, 30);
}

// --- programs that leak ---

static void leak_each_second(struct program *program) {
  launch(program, wide(60e3, 1800e3));
  if (chance(0.5))
    collects(program, (program->end - program->start) / wide(12, 200));
  for (double at = program->start; at < program->end; at += uniform(500, 1500)) {
    go_to(program, at);
    make(program, 1);
  }
  go_to(program, program->end);
}

static void leak_each_tick(struct program *program) {
  launch(program, wide(1000, 5000));
  if (chance(0.5))
    collects(program, (program->end - program->start) / wide(12, 50));
  double tick = wide(1, 50);
  for (double at = program->start; at < program->end; at += tick) {
    go_to(program, at);
    turn(program);
    make(program, 20);
  }
  go_to(program, program->end);
}

static void leak_some_of_many(struct program *program) {
  launch(program, wide(5e3, 600e3));
  double share = uniform(0.02, 0.3);
  uint32_t n = (uint32_t)wide(200 / share, 20000);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + (program->end - program->start) * i / n);
    make(program, 1);
    if (!chance(share))
      let_go(program, 1);
  }
  go_to(program, program->end);
}

static void leak_cycle(struct program *program) {
  launch(program, wide(1500, 600e3));
  collects(program, (program->end - program->start) / wide(12, 200));
  uint32_t n = (uint32_t)wide(200, 20000);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + (program->end - program->start) * i / n);
    make(program, 1);
  }
  go_to(program, program->end);
  tear_down(&program->life);
}

// As many as there are requests, of which there are more by day than by night.
static void leak_with_load(struct program *program) {
  launch(program, wide(60e3, 3600e3));
  double span = program->end - program->start, mean = span / wide(300, 20000);
  double waves = uniform(0.5, 6), phase = uniform(0, 6.28), depth = uniform(0, 0.8);
  if (chance(0.5))
    collects(program, span / wide(12, 200));
  for (double at = program->start; at < program->end;) {
    go_to(program, at);
    make(program, 1);
    double load = 1 + depth * sin(phase + waves * 6.28 * (at - program->start) / span);
    at += wait(mean / load);
  }
  go_to(program, program->end);
}

static void leak_under_pool(struct program *program) {
  launch(program, wide(10e3, 600e3));
  uint32_t n = (uint32_t)wide(20000, 100000), pool = 0, most = whole(20, 200);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + (program->end - program->start) * i / n);
    if (pool < most && (pool == 0 || chance(0.5))) {
      make(program, 1);
      pool++;
    } else {
      let_go(program, 1);
      pool--;
    }
    if (i % 50 == 0)
      make(program, 1);
  }
  go_to(program, program->end);
}

// A test that repeats one call, lets the event loop turn now and then, and collects at its end.
static void leak_in_test(struct program *program) {
  launch(program, wide(20, 400));
  double step = (program->end - program->start) / 50;
  uint32_t each = whole(2, 20), n_turns = whole(14, 50);
  program->turn_ms = 1e9;
  program->needs_gc = chance(0.6);
  program->gc_ms = 0;
  for (uint32_t i = 0; i < n_turns; i++) {
    go_to(program, program->now + step);
    turn(program);
    make(program, each + 3);
  }
  settle(program, true);
}

static void leak_heavy_in_test(struct program *program) {
  leak_in_test(program);
  program->life.site.kind = NCK_KIND_THREADSAFE_FUNCTION;
}

// The end of a program that does not leak: some are tests for leaks.
static void end_quietly(struct program *program) {
  go_to(program, program->end);
  if (chance(0.3))
    settle(program, true);
}

// --- programs that do not ---

static void fill_cache_once(struct program *program) {
  launch(program, wide(100, 600e3));
  uint32_t n = (uint32_t)wide(50, 5000);
  double filled = (program->end - program->start) * uniform(0, 0.05);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + filled * i / n);
    make(program, 1);
  }
  end_quietly(program);
}

// By the requests that come: each makes what it finds missing.
static void fill_cache_on_demand(struct program *program) {
  launch(program, wide(10, 600e3));
  uint32_t n_keys = (uint32_t)wide(60, 2000), n = (uint32_t)(n_keys * wide(4, 50)), n_known = 0;
  bool *known = calloc(n_keys, sizeof *known);
  double skew = chance(0.5) ? 1 : uniform(1, 2);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + (program->end - program->start) * i / n);
    if (chance(0.3))
      turn(program);
    uint32_t key = (uint32_t)(n_keys * pow(uniform(0, 1), skew));
    if (key < n_keys && !known[key]) {
      known[key] = true;
      n_known++;
      make(program, 1);
    }
  }
  free(known);
  end_quietly(program);
}

// As many as are in use at a time, which goes up and down.
static void use_pool(struct program *program) {
  launch(program, wide(500, 600e3));
  uint32_t n = (uint32_t)wide(1000, 20000), most = (uint32_t)wide(10, 1000);
  double waves = uniform(1, 30), phase = uniform(0, 6.28);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + (program->end - program->start) * i / n);
    double wanted = most * (0.5 + 0.4 * sin(phase + waves * 6.28 * i / n) + uniform(-0.1, 0.1));
    for (uint32_t k = 0; k < 4 && program->life.site.live < wanted; k++)
      make(program, 1);
    for (uint32_t k = 0; k < 4 && program->life.site.live > wanted; k++)
      let_go(program, 1);
  }
  end_quietly(program);
}

static void refill_ring(struct program *program) {
  launch(program, wide(500, 600e3));
  uint32_t ring = (uint32_t)wide(10, 1000), n = ring * whole(3, 50);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + (program->end - program->start) * i / n);
    make(program, 1);
    if (i >= ring)
      let_go(program, 1);
  }
  end_quietly(program);
}

static void free_burst_late(struct program *program) {
  launch(program, wide(500, 600e3));
  double span = program->end - program->start, rise = span * uniform(0.1, 0.9);
  uint32_t n = (uint32_t)wide(60, 5000);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + rise * i / n);
    make(program, 1);
  }
  go_to(program, program->start + rise + (span - rise) * uniform(0, 1));
  let_go(program, (uint32_t)(n * uniform(0.5, 1)));
  end_quietly(program);
}

// The event loop turns often while a program starts up, and seldom where it waits for requests.
static void start_up_long(struct program *program) {
  launch(program, wide(1000, 600e3));
  double span = program->end - program->start, rise = span * uniform(0.05, 0.35);
  uint32_t n = (uint32_t)wide(60, 5000), n_served = (uint32_t)wide(20, 5000);
  bool serves_alike = chance(0.5);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + rise * i / n);
    turn(program);
    make(program, 1);
  }
  program->turn_ms *= wide(1, 1000);
  for (uint32_t i = 0; i < n_served; i++) {
    go_to(program, program->start + rise + (span - rise) * i / n_served);
    if (serves_alike) {
      make(program, 1);
      let_go(program, 1);
    }
  }
  end_quietly(program);
}

static void load_modules(struct program *program) {
  launch(program, wide(100, 60e3));
  program->life.site.flags = NCK_SITE_INIT;
  uint32_t n = whole(50, 1000);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + (program->end - program->start) * i / n);
    turn(program);
    make(program, 1);
  }
  go_to(program, program->end);
}

// Objects that own a strong reference, which the finalizer deletes: all up to the collector, which
// comes often, seldom or never.
static void release_by_collector(struct program *program) {
  launch(program, wide(50, 600e3));
  double span = program->end - program->start;
  collects(program, chance(0.3) ? 0 : span / wide(0.3, 60));
  uint32_t n = (uint32_t)wide(60, 5000), kept = whole(0, 40);
  for (uint32_t i = 0; i < n; i++) {
    go_to(program, program->start + span * i / n);
    turn(program);
    make(program, 1);
    if (program->life.site.live > kept)
      program->n_garbage = program->life.site.live - kept;
  }
  if (chance(0.3))
    settle(program, chance(0.5));
  else
    go_to(program, program->end);
  tear_down(&program->life);
}

// --- rates ---

static const struct shape {
  const char *name;
  void (*live)(struct program *program);
  bool leaks;
  double most; // share of lives that may be judged wrongly
} shapes[] = {
    {"leak: one a second over minutes", leak_each_second, true, 0.05},
    {"leak: twenty a tick over seconds", leak_each_tick, true, 0.05},
    {"leak: some of many", leak_some_of_many, true, 0.05},
    {"leak: a cycle, torn down at the end", leak_cycle, true, 0.05},
    {"leak: one a request, uneven load", leak_with_load, true, 0.05},
    {"leak: under a pool", leak_under_pool, true, 0.15},
    {"leak: in a short test", leak_in_test, true, 0.08},
    {"leak: threadsafe functions in a test", leak_heavy_in_test, true, 0.08},
    {"quiet: cache filled once", fill_cache_once, false, 0.001},
    {"quiet: cache filled on demand", fill_cache_on_demand, false, 0.001},
    {"quiet: pool", use_pool, false, 0.001},
    {"quiet: ring refilled for ever", refill_ring, false, 0.001},
    {"quiet: burst freed late", free_burst_late, false, 0.001},
    {"quiet: long start-up", start_up_long, false, 0.001},
    {"quiet: loads modules", load_modules, false, 0.001},
    {"quiet: released by the collector", release_by_collector, false, 0.001},
};

int main(int argc, char **argv) {
  uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2000;
  uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20251125;
  uint32_t n_quiet = 0, n_false = 0, n_leaks = 0, n_missed = 0;
  static struct program program;
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    const struct shape *shape = &shapes[s];
    uint32_t n_wrong = 0;
    const char *because = "";
    state = seed + s;
    for (uint32_t i = 0; i < n; i++) {
      shape->live(&program);
      struct nck_growth growth = judge(&program.life, (uint64_t)program.end, program.needs_gc);
      if (growth.grows != shape->leaks) {
        n_wrong++;
        because = growth.because;
      }
    }
    printf("%-40s %5u of %u judged wrongly (%.2f %%)%s%s\n", shape->name, n_wrong, n,
           100.0 * n_wrong / n, *because ? ", the last: " : "", because);
    CHECK(n_wrong <= shape->most * n);
    *(shape->leaks ? &n_leaks : &n_quiet) += n;
    *(shape->leaks ? &n_missed : &n_false) += n_wrong;
  }
  printf("false positives: %u of %u (%.3f %%); false negatives: %u of %u (%.2f %%)\n", n_false,
         n_quiet, 100.0 * n_false / n_quiet, n_missed, n_leaks, 100.0 * n_missed / n_leaks);
  return CHECK_DONE();
}
