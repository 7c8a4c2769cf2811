// worker.h: what is said of leaks while the program goes on: when a worker ends, and when
// napicheck_leak_check asks.
#ifndef NAPICHECK_REPORTS_WORKER_H
#define NAPICHECK_REPORTS_WORKER_H

#include <stdio.h>

#include "options.h"
#include "report.h"

// Prints the leaks of a finished report of nck_collect_worker or nck_collect_since, each in a line
// and a short stack, as the library says errors. `checkpoint` ("3 after the warm-up") is the mark
// that was asked about; NULL: a worker has ended. Nothing where there are none, where show= leaves
// leaks out, or, at the end of a worker, where no text is asked for.
void nck_worker_tell(const struct nck_report *report, const struct nck_options *options,
                     const char *checkpoint, FILE *out);

#endif
