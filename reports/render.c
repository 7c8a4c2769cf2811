// render.c: the formats of a report.
#include "render.h"

#include <string.h>

#include "html_page.h"

static const struct nck_renderer renderers[] = {
    {"text", nck_text_render, false, NULL, NULL, NULL},
    {"json", nck_json_render, false, NULL, NULL, NULL},
    {"sarif", nck_sarif_render, false, NCK_SARIF_HEAD, ",\n", NCK_SARIF_TAIL},
    {"junit", nck_junit_render, false, NCK_JUNIT_HEAD, "", NCK_JUNIT_TAIL},
    {"html", nck_html_render, true, NCK_HTML_HEAD, "", NCK_HTML_TAIL},
    {"github", nck_github_render, false, "", "", ""},
    {"folded", nck_folded_render, true, "", "", ""},
};

const struct nck_renderer *nck_renderer_find(const char *format) {
  for (size_t i = 0; i < sizeof renderers / sizeof *renderers; i++) {
    // Built without npm packages there is no page to draw on.
    if (!strcmp(renderers[i].format, format))
      return renderers[i].render == nck_html_render && !*nck_html_page ? NULL : &renderers[i];
  }
  return NULL;
}
