// worker.c: what is said of leaks while the program goes on.
#include "worker.h"

#include <stdlib.h>
#include <string.h>

#include "kinds.h"

#define MAX_FRAMES 4

// format= is a list of names, each perhaps with =FILE.
static bool asks_for_text(const struct nck_options *options) {
  const char *at = nck_options_text(options, NCK_OPTION_format);
  bool asks = false;
  for (char *item; (item = nck_options_item(&at)); free(item))
    asks |= !strcmp(item, "text") || !strncmp(item, "text=", 5);
  return asks;
}

static void add_stack(struct nck_text *text, const struct nck_report_stack *stack) {
  struct nck_arena scratch = {0};
  for (uint32_t i = 0; i < stack->n_frames && i < MAX_FRAMES; i++)
    nck_text_add(text, "napicheck:     #%u %s\n", i,
                 nck_report_frame_text(&scratch, &stack->frames[i]));
  if (stack->n_js)
    nck_text_add(text, "napicheck:     at %s (%s:%u)\n",
                 *stack->js[0].function ? stack->js[0].function : "<anonymous>", stack->js[0].file,
                 stack->js[0].line);
  nck_arena_drop(&scratch);
}

void nck_worker_tell(const struct nck_report *report, const struct nck_options *options,
                     const char *checkpoint, FILE *out) {
  // Who asks at a checkpoint wants to be told.
  if ((!checkpoint && !asks_for_text(options)) ||
      nck_options_has(options, NCK_OPTION_show, "none") ||
      !(nck_options_has(options, NCK_OPTION_show, "leak") ||
        nck_options_has(options, NCK_OPTION_show, "all")))
    return;
  // In one piece: other threads of the program go on writing.
  struct nck_text text = {0};
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    if (finding->state != NCK_FINDING_COUNTS || finding->severity != NCK_SEVERITY_LEAK)
      continue;
    nck_text_add(&text, "napicheck: leak: %s: %s ", nck_kinds[finding->kind].word,
                 finding->message);
    if (checkpoint)
      nck_text_add(&text, "(since checkpoint %s)\n", checkpoint);
    else
      nck_text_add(&text, "(env %u of the worker thread %u, which has ended)\n", finding->env,
                   finding->thread.id);
    if (finding->n_stacks)
      add_stack(&text, &finding->stacks[0]);
  }
  if (text.length)
    fwrite(text.text, 1, text.length, out);
  fflush(out);
  nck_text_drop(&text);
}
