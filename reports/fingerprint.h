// fingerprint.h: a finding's identity over rebuilds, folders and machines, and its suppression
// line.
#ifndef NAPICHECK_REPORTS_FINGERPRINT_H
#define NAPICHECK_REPORTS_FINGERPRINT_H

#include "report.h"

// Sets fingerprint and suppression of a finding whose stacks and module are set. The fingerprint is
// made of kind, the module's base name and the call site's symbol (without parameters); of a
// stripped module there is only the offset, which another build changes.
void nck_fingerprint_set(struct nck_arena *arena, struct nck_report_finding *finding);

#endif
