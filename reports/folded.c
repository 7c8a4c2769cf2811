// folded.c: live references by their creation stack, a line each: "outer;inner;innermost 97".
//
// The form that flamegraph.pl, inferno and speedscope read. A process that ended in order is shown
// as it was before its envs were torn down.
#include <string.h>

#include "demangle.h"
#include "render.h"

// Semicolons part frames, and the last blank parts the count.
static void print_text(FILE *out, const char *text) {
  for (; *text; text++)
    putc(*text == ';' ? ':' : *text, out);
}

static void print_frame(FILE *out, struct nck_arena *scratch,
                        const struct nck_report_frame *frame) {
  if (*frame->function)
    print_text(out, nck_demangle_short(scratch, frame->function));
  else if (frame->module)
    print_text(out, nck_report_frame_text(scratch, frame));
  else
    fputs("?", out);
}

void nck_folded_render(const struct nck_report *report, const struct nck_render_options *options,
                       FILE *out) {
  (void)options;
  struct nck_arena scratch = {0};
  for (size_t i = 0; i < report->n_sites; i++) {
    const struct nck_report_site *site = report->sites[i];
    uint64_t live = site->live + site->released_at_teardown;
    if (site->kind != NCK_KIND_REFERENCE || !live)
      continue;
    print_text(out, site->module ? site->module->file : "unknown addon");
    for (uint32_t f = site->stack.n_js; f-- > 0;) {
      const struct nck_report_js_frame *frame = &site->stack.js[f];
      putc(';', out);
      print_text(out, *frame->function ? frame->function : "<anonymous>");
      print_text(out, nck_arena_print(&scratch, " (%s:%u)", frame->file, frame->line));
    }
    for (uint32_t f = site->stack.n_frames; f-- > 0;) {
      putc(';', out);
      print_frame(out, &scratch, &site->stack.frames[f]);
    }
    if (!site->stack.n_frames) {
      putc(';', out);
      print_text(out, *site->function ? site->function : "?");
    }
    fprintf(out, " %llu\n", (unsigned long long)live);
  }
  nck_arena_drop(&scratch);
}
