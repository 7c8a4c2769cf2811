// worker.h: what a worker has lost, said when it ends.
#ifndef NAPICHECK_REPORTS_WORKER_H
#define NAPICHECK_REPORTS_WORKER_H

#include <stdio.h>

#include "options.h"
#include "report.h"

// Prints the leaks of a finished report of nck_collect_worker, each in a line and a short stack, as
// the library says errors. Nothing where there are none, where show= leaves leaks out, or where no
// text is asked for.
void nck_worker_tell(const struct nck_report *report, const struct nck_options *options, FILE *out);

#endif
