// collect.h: one record into a report.
#ifndef NAPICHECK_REPORTS_COLLECT_H
#define NAPICHECK_REPORTS_COLLECT_H

#include "options.h"
#include "read.h"
#include "report.h"
#include "symbolize.h"

// What the parts that fill a report from one record share; lives for one call of nck_collect.
struct nck_collector {
  struct nck_report *report;
  struct nck_arena *arena; // the report's
  const struct nck_record *record;
  const struct nck_options *options; // how to judge
  struct nck_report_process *process;
  struct nck_report_module *modules; // indexed as in the record; row 0 empty
  uint32_t n_modules;
  struct nck_symbolizer *symbolizer;
  uint64_t end_ms;         // of the process, or now
  uint32_t *fates_by_site; // first fate row of each site, and the next of each fate
  uint32_t *next_fate;
  uint32_t ended_thread;       // judge what its envs lost and nothing else; 0: judge everything
  bool only_lost;              // judge what was found to be lost and nothing else
  uint64_t since_ns;           // leave out events that have not happened since
  uint32_t *histories_by_site; // the same for histories that ended (history.c)
  // Sites whose objects are made by the same call of the same function, for other callers: the
  // first of them, by twin_key, and the next of each.
  struct nck_map twins;
  uint32_t *next_twin;
};

// Adds the record's process with its findings, judged ones included. `sites`: fill report->sites
// too. Findings are not sorted, suppressed or counted yet (policy.h).
void nck_collect(struct nck_report *report, const struct nck_record *record,
                 const struct nck_options *options, bool sites);

// Adds the record's process with its sites only: cheap enough for a look at a running process every
// second.
void nck_collect_live(struct nck_report *report, const struct nck_record *record,
                      const struct nck_options *options);

// Adds the record's process with what the envs of one thread (a row of the record) have lost, and
// nothing else: the verdict on a worker that ends while its process runs on.
void nck_collect_worker(struct nck_report *report, const struct nck_record *record,
                        const struct nck_options *options, uint32_t thread);

// Adds the record's process with what napicheck_leak_check found in it: objects that are lost, and
// events since that time.
void nck_collect_since(struct nck_report *report, const struct nck_record *record,
                       const struct nck_options *options, uint64_t since_ns);

// For the judge: a row of the record as the report knows it; NULL for index 0.
const struct nck_report_module *nck_collect_module(struct nck_collector *collector, uint32_t row);
struct nck_report_thread nck_collect_thread(struct nck_collector *collector, uint32_t row);
const char *nck_fate_word(uint32_t verb);
const char *nck_collect_function(struct nck_collector *collector, uint32_t function);
// The innermost frame of a stack as it stands in the record; 0 for none.
uint64_t nck_collect_frame(const struct nck_collector *collector, uint32_t stack);
// The first of the sites that make the same kind of object by the same call; 0: none. For one
// finding so many are looked at: there may be as many findings as sites.
#define NCK_MOST_TWINS 256
uint32_t nck_collect_twins(const struct nck_collector *collector, uint32_t site);
// The site with its stack, series and fates.
const struct nck_report_site *nck_collect_site(struct nck_collector *collector, uint32_t row);
// Adds a finding with module, env, thread and process set; stacks, message and count are the
// caller's.
struct nck_report_finding *nck_collect_finding(struct nck_collector *collector,
                                               enum nck_finding_kind kind, uint32_t module,
                                               uint32_t env, uint32_t thread);

#endif
