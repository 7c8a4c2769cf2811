// render.c: the formats of a report.
#include "render.h"

#include <string.h>

static const struct nck_renderer renderers[] = {
    {"text", nck_text_render, false},
    {"json", nck_json_render, false},
};

const struct nck_renderer *nck_renderer_find(const char *format) {
  for (size_t i = 0; i < sizeof renderers / sizeof *renderers; i++) {
    if (!strcmp(renderers[i].format, format))
      return &renderers[i];
  }
  return NULL;
}
