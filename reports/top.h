// top.h: samples of a running process's call sites: live counts, growth, difference since a mark.
//
// Only the record is read, which the process goes on writing: nothing in it is stopped, and it does
// not know. Names are looked up once for each site.
#ifndef NAPICHECK_REPORTS_TOP_H
#define NAPICHECK_REPORTS_TOP_H

#include <jansson.h>

#include "error.h"
#include "report.h"

#define NCK_TOP_SAMPLES 16

struct nck_top_site {
  enum nck_object_kind kind;
  const char *function, *module, *package; // never NULL
  const char *name;                        // the call site
  struct nck_report_stack stack;
  bool init;
  uint64_t live, created, released, peak, bytes;
  uint64_t mark;            // live when the mark was set
  double growth, creations; // a second, over the last ten seconds
  uint32_t samples[NCK_TOP_SAMPLES];
  uint64_t created_samples[NCK_TOP_SAMPLES];
};

struct nck_top {
  uint32_t pid;
  char *path; // of the record; owned
  struct nck_arena arena;
  struct nck_top_site *sites; // row i of the record at i - 1
  size_t n_sites, capacity;
  uint64_t times_ms[NCK_TOP_SAMPLES]; // of the samples, on the clock since the process's start
  unsigned n_samples;                 // ever taken
  bool marked;
  bool ended;
  uint64_t mark_ms;
  // Of the process, as it was last seen.
  char *command;
  const char *runtime;
  uint64_t n_calls, age_ms, record_bytes;
  struct nck_counter counters[NCK_N_KINDS];
};

enum nck_top_order {
  NCK_TOP_LIVE,
  NCK_TOP_GROWTH,
  NCK_TOP_CREATED,
  NCK_TOP_PEAK,
  NCK_TOP_SINCE_MARK,
  NCK_TOP_NAME,
  NCK_N_TOP_ORDERS
};
const char *nck_top_order_word(enum nck_top_order order);
// NCK_N_TOP_ORDERS for no such word.
enum nck_top_order nck_top_order_find(const char *word);

// False with a line in `error` when the process has no record.
bool nck_top_open(struct nck_top *top, uint32_t pid, struct nck_error *error);
void nck_top_drop(struct nck_top *top);
// Takes a sample. When the process or its record is gone, `ended` is set and the last one stays.
void nck_top_sample(struct nck_top *top);
// Differences are counted from now on.
void nck_top_mark(struct nck_top *top);

// The sites whose name, kind, function or module holds `filter` ("" all; without regard to case),
// and that ever made something, in order. The caller frees.
const struct nck_top_site **nck_top_list(const struct nck_top *top, enum nck_top_order order,
                                         bool reverse, const char *filter, size_t *n);

// {"schema": "napicheck-top/1", ...}; the caller drops.
json_t *nck_top_json(const struct nck_top *top, const struct nck_top_site **list, size_t n);

#endif
