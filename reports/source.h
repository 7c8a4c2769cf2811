// source.h: where a finding stands in its user's own tree, for the formats that code hosts read;
// and what stands there.
#ifndef NAPICHECK_REPORTS_SOURCE_H
#define NAPICHECK_REPORTS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "report.h"

// The folder that relative paths start from, without a slash at its end: the nearest folder above
// the first process's working directory that holds .git, else that directory itself. "" unknown.
const char *nck_source_root(const struct nck_report *report, struct nck_arena *arena);

// A path or file: URL of a stack without `.`, `..` and the URL's syntax; "" when it names no file
// (node:internal/..., <anonymous>).
const char *nck_source_path(struct nck_arena *arena, const char *path);
// The same relative to the root; NULL when it is not below it.
const char *nck_source_relative(struct nck_arena *arena, const char *root, const char *path);

struct nck_source {
  const char *path; // relative to the root, or absolute; "" unknown
  bool relative;
  uint32_t line, column; // 0 unknown
};

// The place that a reviewer is shown. Code of the user's own comes first: the addon's frame, else
// the JavaScript that called it; what lies in node_modules or outside the tree only when there is
// nothing else, and the addon's file when there is no line at all.
struct nck_source nck_source_find(const struct nck_report_finding *finding, const char *root,
                                  struct nck_arena *arena);

// The text of a frame's line, without the blanks around it; "" when it cannot be had or may not be
// what was compiled: the file is newer than the addon.
const char *nck_source_line(const struct nck_report_frame *frame, struct nck_arena *arena);

#endif
