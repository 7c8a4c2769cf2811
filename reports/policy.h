// policy.h: what a report amounts to: the counts of its summary, and the exit status.
#ifndef NAPICHECK_REPORTS_POLICY_H
#define NAPICHECK_REPORTS_POLICY_H

#include "options.h"
#include "report.h"

#define NCK_EXIT_FINDINGS 23 // unless exitcode= says otherwise
#define NCK_EXIT_REQUIRE 24
#define NCK_EXIT_USAGE 2

// Sorts the findings and fills report->summary. `own_code` is the program's own exit status (128 +
// N after signal N), which is never masked: the verdict becomes the exit code only where the
// program itself would have exited with 0.
void nck_policy_apply(struct nck_report *report, const struct nck_options *options, int own_code);

// The status of the processes' end for nck_policy_apply: of the run's first process.
int nck_policy_own_code(const struct nck_report *report);

// How many findings count for the exit status, after nck_policy_apply.
size_t nck_policy_count(const struct nck_report *report, const struct nck_options *options);

#endif
