// render.h: the formats of a report.
//
// A renderer draws a finished report on a stream; it changes nothing and opens nothing. A new
// format is one file with one such function, and one row in render.c.
#ifndef NAPICHECK_REPORTS_RENDER_H
#define NAPICHECK_REPORTS_RENDER_H

#include <stdio.h>

#include "options.h"
#include "report.h"

struct nck_render_options {
  const struct nck_options *options;
  bool asked; // somebody asked for this report: say at least one line
  bool color;
  unsigned width; // columns
};

typedef void nck_render_function(const struct nck_report *report,
                                 const struct nck_render_options *options, FILE *out);

struct nck_renderer {
  const char *format; // word of format=
  nck_render_function *render;
  bool sites; // draws report->sites
};

nck_render_function nck_text_render, nck_json_render;

// NULL for a format that is not known.
const struct nck_renderer *nck_renderer_find(const char *format);

#endif
