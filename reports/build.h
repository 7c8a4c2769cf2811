// build.h: records into a finished report: collected, suppressed, counted.
#ifndef NAPICHECK_REPORTS_BUILD_H
#define NAPICHECK_REPORTS_BUILD_H

#include "options.h"
#include "read.h"
#include "report.h"

// Options of a record with those of the command line over them. `keep_outputs`: also those that say
// where a report goes (the library's own report); else a report that is made again would write over
// the first one's files.
void nck_build_options(struct nck_options *options, const struct nck_record *record,
                       const struct nck_options *over, bool keep_outputs);

// Adds one record to a report that is being made. `options` say how it is judged.
void nck_build_add(struct nck_report *report, const struct nck_record *record,
                   const struct nck_options *options, bool sites);

// Adds what its addons answered to napicheck_default_suppressions; nck_build_add has done so.
void nck_build_add_suppressions(struct nck_report *report, const struct nck_record *record);

struct nck_build_files {
  const char *folder;             // of relative names of files; "" for the working directory
  const struct nck_options *over; // names given in these mean the working directory; may be NULL
  bool quiet;                     // what cannot be read will be said by another
};

// Suppressions, baseline, order, summary. Everything that cannot be read is said on stderr in one
// line each. False when there was such.
bool nck_build_finish(struct nck_report *report, const struct nck_options *options,
                      const struct nck_build_files *files, int own_code);

#endif
