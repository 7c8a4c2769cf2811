// judge.h: which of the objects that live are leaks, and on what evidence.
#ifndef NAPICHECK_REPORTS_JUDGE_H
#define NAPICHECK_REPORTS_JUDGE_H

#include "collect.h"

// Adds the findings about leaks to the collector's report: one for each (kind, call site,
// evidence).
void nck_judge(struct nck_collector *collector);

#endif
