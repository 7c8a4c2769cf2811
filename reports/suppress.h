// suppress.h: suppression files.
//
// One suppression a line: `kind:pattern [max=N] [expires=YYYY-MM-DD] [reason="..."]`, `#` starts a
// comment. A pattern is matched as LeakSanitizer's: anywhere in the text, `*` stands for anything,
// `^` and `$` for its ends.
#ifndef NAPICHECK_REPORTS_SUPPRESS_H
#define NAPICHECK_REPORTS_SUPPRESS_H

#include "error.h"
#include "report.h"

struct nck_suppressions {
  struct nck_suppression {
    char *text, *file; // owned
    uint32_t line;
    int kind;               // enum nck_finding_kind; -1 any
    char *pattern, *reason; // owned; reason may be NULL
    bool limited;
    uint64_t max;     // objects, when limited
    char expires[11]; // YYYY-MM-DD; "" never
  } * rows;
  size_t n_rows, capacity;
};

// True when `pattern` matches `text`.
bool nck_suppress_match(const char *pattern, const char *text);

// Adds the suppressions of one text, named `file` in complaints. False with the first line that is
// wrong; the others are taken.
bool nck_suppressions_parse(struct nck_suppressions *suppressions, const char *file,
                            const char *text, struct nck_error *error);
// The same for a file.
bool nck_suppressions_load(struct nck_suppressions *suppressions, const char *path,
                           struct nck_error *error);

// Marks the findings that are suppressed and lists all suppressions in the report, used or not.
// `today` is YYYY-MM-DD. With max=N a line applies to all findings that it matches when their
// counts, those of notes beside others left out, sum up to at most N, else to none.
void nck_suppressions_apply(const struct nck_suppressions *suppressions, struct nck_report *report,
                            const char *today);
void nck_suppressions_drop(struct nck_suppressions *suppressions);

#endif
