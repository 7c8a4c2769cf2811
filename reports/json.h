// json.h: a report as JSON, schema/report-v1.schema.json.
#ifndef NAPICHECK_REPORTS_JSON_H
#define NAPICHECK_REPORTS_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "error.h"
#include "report.h"

#define NCK_JSON_SCHEMA "napicheck-report/1"

// A new object; the caller drops it.
json_t *nck_json_build(const struct nck_report *report);

// Writes it with two spaces of indent and a newline at the end. Errors stay with the stream.
void nck_json_write(const json_t *json, FILE *out);

// A call site as in a finding, with its kind, module and stack.
json_t *nck_json_build_site(const struct nck_report_site *site);

// Loads any JSON file; `what` ("a report") is what it ought to be. NULL with a line in `error`; the
// caller drops.
json_t *nck_json_read(const char *path, const char *what, struct nck_error *error);

// Loads a report and checks that it is one; its texts are clean then, as in the model. NULL with a
// line in `error`; the caller drops.
json_t *nck_json_load(const char *path, struct nck_error *error);

// How often a finding of a loaded report occurred: 0 or more, and small enough for sums of many.
json_int_t nck_json_count(const json_t *finding);

// True when both were made by processes of one run.
bool nck_json_is_same_run(const json_t *left, const json_t *right);

// Adds the processes, findings, counters and sums of `from` to `into`.
void nck_json_merge(json_t *into, const json_t *from);

#endif
