// output.h: files that appear complete or not at all, and the names that options give them.
#ifndef NAPICHECK_REPORTS_OUTPUT_H
#define NAPICHECK_REPORTS_OUTPUT_H

#include <stdio.h>

#include "error.h"
#include "report.h"

// A name with %p (pid), %e (program), %t (time, seconds since the epoch) and %% filled in. The
// caller frees.
char *nck_output_name(const char *pattern, const struct nck_report_process *process);

// A file that is being written under a temporary name beside its own.
struct nck_output {
  FILE *stream;
  char *path, *temporary; // owned
};

bool nck_output_open(struct nck_output *output, const char *path, struct nck_error *error);
// Renames it to its own name, or removes it when something could not be written.
bool nck_output_close(struct nck_output *output, struct nck_error *error);
void nck_output_cancel(struct nck_output *output);

// The caller has been told, or is about to be, that stdout or stderr takes no more.
extern bool nck_output_is_said;

// Keeps other napicheck processes from reading and replacing the files of one folder at the same
// time. Waits up to ten seconds, then goes on without: a report may not hang the program's end.
// Returns a descriptor for unlock, -1 for none.
int nck_output_lock(const char *path);
void nck_output_unlock(int lock);

#endif
