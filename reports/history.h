// history.h: what was done to each reference, step by step (history=full): identical histories
// counted once.
#ifndef NAPICHECK_REPORTS_HISTORY_H
#define NAPICHECK_REPORTS_HISTORY_H

#include "collect.h"

// Histories of the objects behind one finding, by their last step; what does not fit is left out.
#define NCK_HISTORY_MOST 8
struct nck_history_counts {
  struct {
    uint32_t step;  // fate row; 0: nothing was done to them since they were made
    uint32_t count; // with which they were made, where step is 0
    uint64_t n_objects;
  } rows[NCK_HISTORY_MOST];
  uint32_t n_rows;
};

void nck_history_count(struct nck_history_counts *counts, const struct nck_object *object);

// Lists the steps of histories by the site at whose objects they ended (collector.h).
void nck_history_index(struct nck_collector *collector);

// Sets the finding's histories: those of its own objects and, most frequent first, those of others
// of the site that ended. Does nothing for a record without histories. Returns what the ones have
// that the others lack, as a line; "" where that cannot be told.
const char *nck_history_set(struct nck_collector *collector, struct nck_report_finding *finding,
                            const struct nck_history_counts *counts, uint32_t site);

#endif
