// outputs.h: a finished report to every format and file that was asked for.
#ifndef NAPICHECK_REPORTS_OUTPUTS_H
#define NAPICHECK_REPORTS_OUTPUTS_H

#include <stdio.h>

#include "options.h"
#include "report.h"

struct nck_outputs {
  const struct nck_options *options; // format=, log_path=, show=, color=, verbosity=
  FILE *stream;                      // where formats without a file go when there is no log_path
  const struct nck_report_process
      *named_for;     // fills %p and %e when there is no process; may be NULL
  const char *record; // that stays when a format could not be written; NULL: none
  bool asked;         // say at least one line
  bool shared;        // other processes of the run write the same files: add to theirs
};

// How a text for people is drawn there: whether in colours (auto, always, never), and how wide.
bool nck_output_color(const char *color, FILE *stream);
unsigned nck_output_width(FILE *stream);

// True when one of the formats draws report->sites.
bool nck_outputs_need_sites(const struct nck_options *options);

// Writes all of them. Each one that fails is said on stderr in one line; the others are written,
// and a text goes to `stream` where its file cannot be written. False when one failed.
// *lost: one of them stands nowhere now but in the record.
bool nck_outputs_write(const struct nck_outputs *outputs, const struct nck_report *report,
                       bool *lost);

#endif
