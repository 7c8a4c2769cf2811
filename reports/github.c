// github.c: findings as workflow commands of GitHub Actions, which show them beside the changed
// lines: "::error file=src/cache.c,line=14,title=...::message".
#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "source.h"

// Percent and line ends are escaped everywhere, colon and comma in properties as well; else a file
// name could end its property and begin another.
static void print_escaped(FILE *out, const char *text, const char *special) {
  for (; *text; text++) {
    if (*text == '%' || *text == '\r' || *text == '\n' || strchr(special, *text))
      fprintf(out, "%%%02X", (unsigned char)*text);
    else
      putc(*text, out);
  }
}

static const char *command_of(enum nck_severity severity) {
  return severity >= NCK_SEVERITY_LEAK      ? "error"
         : severity == NCK_SEVERITY_WARNING ? "warning"
                                            : "notice";
}

static char *message_of(struct nck_arena *arena, const struct nck_report_finding *finding,
                        uint64_t count) {
  struct nck_text text = {0};
  nck_text_add(&text, "%s", finding->message);
  if (*finding->reason)
    nck_text_add(&text, "\nNo more than a %s: %s", nck_severity_word(finding->severity),
                 finding->reason);
  for (uint32_t i = 0; i < finding->n_stacks; i++) {
    const struct nck_report_stack *stack = &finding->stacks[i];
    const struct nck_report_frame *frame = nck_report_stack_site(stack);
    if (frame)
      nck_text_add(&text, "\n%s in %s", stack->role, nck_report_frame_text(arena, frame));
    if (stack->n_js)
      nck_text_add(&text, "%s by %s (%s:%u)", frame ? "," : "\n",
                   *stack->js[0].function ? stack->js[0].function : "<anonymous>",
                   stack->js[0].file, stack->js[0].line);
  }
  if (count > finding->count)
    nck_text_add(&text, "\n%llu in all at this call site", (unsigned long long)count);
  nck_text_add(&text, "\nWhat to do: %s", nck_kinds[finding->kind].advice);
  char *copy = nck_arena_print(arena, "%s", text.text);
  nck_text_drop(&text);
  return copy;
}

static void print_annotation(FILE *out, const struct nck_report_finding *finding, uint64_t count,
                             const char *root) {
  struct nck_arena scratch = {0};
  struct nck_source source = nck_source_find(finding, root, &scratch);
  fprintf(out, "::%s ", command_of(finding->severity));
  // What is not a line of the repository cannot be annotated: the message stands in the log.
  if (source.relative && source.line) {
    fputs("file=", out);
    print_escaped(out, source.path, ":,");
    fprintf(out, ",line=%u", source.line);
    if (source.column)
      fprintf(out, ",col=%u", source.column);
    putc(',', out);
  }
  fputs("title=", out);
  print_escaped(out,
                nck_arena_print(&scratch, "napicheck: %s%s%s", nck_kinds[finding->kind].word,
                                finding->module ? " in " : "",
                                finding->module ? finding->module->file : ""),
                ":,");
  fputs("::", out);
  print_escaped(out, message_of(&scratch, finding, count), "");
  putc('\n', out);
  nck_arena_drop(&scratch);
}

// One annotation for each call site, whatever number of processes it was seen in: the host shows
// ten of a kind.
struct place {
  const struct nck_report_finding *finding;
  uint64_t count;
};

void nck_github_render(const struct nck_report *report, const struct nck_render_options *options,
                       FILE *out) {
  (void)options;
  struct nck_arena scratch = {0};
  const char *root = nck_source_root(report, &scratch);
  struct place *places = nck_memory_take(report->n_findings + 1, sizeof *places);
  struct nck_map by_fingerprint = {0};
  size_t n = 0;
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    if (finding->state != NCK_FINDING_COUNTS)
      continue;
    uint64_t key = strtoull(finding->fingerprint, NULL, 16) ^ (uint64_t)finding->severity << 8 ^
                   (unsigned char)finding->evidence[0];
    struct place *place = nck_map_find(&by_fingerprint, key);
    if (!place) {
      place = &places[n++];
      place->finding = finding;
      *nck_map_place(&by_fingerprint, key) = place;
    }
    place->count += finding->count;
  }
  for (size_t i = 0; i < n; i++)
    print_annotation(out, places[i].finding, places[i].count, root);
  nck_map_drop(&by_fingerprint);
  free(places);
  nck_arena_drop(&scratch);
}
