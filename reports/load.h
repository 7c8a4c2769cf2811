// load.h: a report as JSON, whatever it was given as: a record, a folder of records, a process, or
// a JSON report.
#ifndef NAPICHECK_REPORTS_LOAD_H
#define NAPICHECK_REPORTS_LOAD_H

#include <jansson.h>

#include "error.h"
#include "memory.h"

// Paths of the records that a FILE, DIR or PID stands for.
struct nck_paths {
  char **paths; // owned
  size_t n, capacity;
};

// False with a line in `error` when there is none.
bool nck_load_find(struct nck_paths *list, const char *target, struct nck_error *error);
void nck_load_drop(struct nck_paths *list);

// The report of `target`, made from records or read. NULL with a line in `error`; the caller drops.
json_t *nck_load_report(const char *target, struct nck_error *error);

#endif
