// baseline.h: findings that a team has accepted, by fingerprint and count: only new and grown ones
// count.
#ifndef NAPICHECK_REPORTS_BASELINE_H
#define NAPICHECK_REPORTS_BASELINE_H

#include <stdbool.h>

#include "error.h"
#include "report.h"

#define NCK_BASELINE_SCHEMA "napicheck-baseline/1"

// Marks the findings that the file accepts: all of one fingerprint, when together they are no more
// and no worse than it says. Adds notes where there are fewer. False with a line when it cannot be
// read or holds rows that mean nothing.
bool nck_baseline_apply(struct nck_report *report, const char *path, struct nck_error *error);

// Writes the errors, leaks and warnings of the report, those that a baseline accepts already
// included. `add`: to what stands in the file, which another process of this run has written.
bool nck_baseline_write(const struct nck_report *report, const char *path, bool add,
                        struct nck_error *error);

#endif
