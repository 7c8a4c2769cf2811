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
  // How the file of one process takes in that of another one of the same run: what stands before
  // `head` (that included) goes from the later, `tail` from the end of the earlier, `between` comes
  // between. NULL head: text and JSON, which know better.
  const char *head, *between, *tail;
};

#define NCK_SARIF_HEAD "\"runs\": [\n"
#define NCK_SARIF_TAIL "\n]\n}\n"
#define NCK_JUNIT_HEAD "<testsuites>\n"
#define NCK_JUNIT_TAIL "</testsuites>\n"
#define NCK_HTML_HEAD "<!--reports-->\n"
#define NCK_HTML_TAIL "</body>\n</html>\n"

nck_render_function nck_text_render, nck_json_render, nck_sarif_render, nck_junit_render,
    nck_github_render, nck_folded_render, nck_html_render;

// NULL for a format that is not known.
const struct nck_renderer *nck_renderer_find(const char *format);

#endif
