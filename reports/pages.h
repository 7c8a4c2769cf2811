// pages.h: a page for each kind of finding: docs/findings/KIND.md, carried in the tool.
#ifndef NAPICHECK_REPORTS_PAGES_H
#define NAPICHECK_REPORTS_PAGES_H

#include <stdbool.h>
#include <stdio.h>

#include "kinds.h"

// The pages as they stand in docs/findings, in Markdown; by enum nck_finding_kind.
extern const char *const nck_pages[NCK_N_FINDINGS];

// For a terminal or a text file: prose broken at `width`, code as it is, links as their words.
// `color`: bold and cyan.
void nck_page_print(const char *page, unsigned width, bool color, FILE *out);

// The same as text, 100 columns wide without colour; the caller frees, NULL without memory.
char *nck_page_text(const char *page);

// As Markdown for another place: links lose their targets, which are files beside the page, and
// examples what our tests read. The caller frees, NULL without memory.
char *nck_page_markdown(const char *page);

#endif
