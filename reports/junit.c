// junit.c: a report as JUnit XML: a suite for each process, a case for each addon and kind.
//
// Kinds that were looked for and not found are cases that passed, so that a report of a clean run
// shows what was checked. Errors and leaks are failures; warnings and notes stand in system-out.
// The form is that of Ant's schema, the strictest in use; Jenkins and GitLab read it too.
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "render.h"

// Of one process: its addons, and one row for what is of no addon.
struct suite {
  const struct nck_report *report;
  const struct nck_report_process *process;
  const struct nck_options *options;
  FILE *out;
  struct nck_arena *scratch;
  // Findings in report order: the first of each (addon, kind), and the next of each.
  uint32_t *first, *next;
  uint32_t n_addons;
};

// Text is clean; what XML 1.0 forbids besides are U+FFFE and U+FFFF.
static void print_escaped(FILE *out, const char *text) {
  for (; *text; text++) {
    switch (*text) {
    case '&':
      fputs("&amp;", out);
      break;
    case '<':
      fputs("&lt;", out);
      break;
    case '>':
      fputs("&gt;", out);
      break;
    case '"':
      fputs("&quot;", out);
      break;
    default:
      if (!strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3)) {
        putc('?', out);
        text += 2;
      } else {
        putc(*text, out);
      }
    }
  }
}

static void print_attribute(FILE *out, const char *name, const char *text) {
  fprintf(out, " %s=\"", name);
  print_escaped(out, text);
  putc('"', out);
}

static bool is_failure(const struct nck_report_finding *finding) {
  return finding->state == NCK_FINDING_COUNTS && finding->severity >= NCK_SEVERITY_LEAK;
}

static bool is_addon(const struct nck_report_module *module) {
  return (module->flags & NCK_MODULE_ADDON) && !(module->flags & NCK_MODULE_UNWATCHED);
}

static void print_stack(const struct suite *suite, const struct nck_report_stack *stack) {
  struct nck_arena scratch = {0};
  FILE *out = suite->out;
  fprintf(out, "  %s:\n", stack->role);
  for (uint32_t i = 0; i < stack->n_frames; i++) {
    const struct nck_report_frame *frame = &stack->frames[i];
    fputs(frame->addon ? "   * " : "     ", out);
    if (frame->line) {
      print_escaped(out, *frame->function ? frame->function : "?");
      putc(' ', out);
      print_escaped(out, frame->path);
      fprintf(out, ":%u\n", frame->line);
    } else {
      print_escaped(out, nck_report_frame_text(&scratch, frame));
      putc('\n', out);
    }
  }
  for (uint32_t i = 0; i < stack->n_js; i++) {
    fputs("     at ", out);
    print_escaped(out, *stack->js[i].function ? stack->js[i].function : "<anonymous>");
    fputs(" (", out);
    print_escaped(out, stack->js[i].path);
    fprintf(out, ":%u:%u)\n", stack->js[i].line, stack->js[i].column);
  }
  nck_arena_drop(&scratch);
}

static void print_finding(const struct suite *suite, const struct nck_report_finding *finding) {
  FILE *out = suite->out;
  fprintf(out, "%s %s", nck_severity_word(finding->severity), nck_kinds[finding->kind].word);
  if (*finding->evidence)
    fprintf(out, " (%s)", finding->evidence);
  fprintf(out, " x%llu: ", (unsigned long long)finding->count);
  print_escaped(out, finding->message);
  putc('\n', out);
  if (*finding->reason) {
    fprintf(out, "  no more than a %s: ", nck_severity_word(finding->severity));
    print_escaped(out, finding->reason);
    putc('\n', out);
  }
  for (uint32_t i = 0; i < finding->n_stacks; i++)
    print_stack(suite, &finding->stacks[i]);
  for (uint32_t i = 0; i < finding->n_facts; i++) {
    fputs("  note: ", out);
    print_escaped(out, finding->facts[i]);
    putc('\n', out);
  }
  fputs("  what to do: ", out);
  print_escaped(out, nck_kinds[finding->kind].advice);
  fputs("\n  suppress: ", out);
  print_escaped(out, finding->suppression);
  fputs("\n\n", out);
}

// Row 0 is of no addon; then the process's addons in their order.
static uint32_t addon_row(const struct suite *suite, const struct nck_report_module *module) {
  uint32_t row = 0;
  for (uint32_t i = 0; i < suite->process->n_modules; i++) {
    if (!is_addon(suite->process->modules[i]))
      continue;
    row++;
    if (suite->process->modules[i] == module)
      return row;
  }
  return 0;
}

static void index_findings(struct suite *suite) {
  for (uint32_t i = 0; i < suite->process->n_modules; i++)
    suite->n_addons += is_addon(suite->process->modules[i]);
  suite->first =
      nck_memory_take((size_t)(suite->n_addons + 1) * NCK_N_FINDINGS, sizeof *suite->first);
  for (size_t i = suite->report->n_findings; i-- > 0;) {
    const struct nck_report_finding *finding = suite->report->findings[i];
    if (finding->process != suite->process)
      continue;
    uint32_t *first =
        &suite->first[addon_row(suite, finding->module) * NCK_N_FINDINGS + finding->kind];
    suite->next[i] = *first;
    *first = (uint32_t)i + 1;
  }
}

static bool has_case(const struct suite *suite, uint32_t row, int kind) {
  return suite->first[row * NCK_N_FINDINGS + (uint32_t)kind] ||
         (row && nck_options_check(suite->options, nck_kinds[kind].group));
}

static uint64_t count_failures(const struct suite *suite, uint32_t row, int kind) {
  uint64_t n = 0;
  for (uint32_t i = suite->first[row * NCK_N_FINDINGS + (uint32_t)kind]; i; i = suite->next[i - 1])
    n += is_failure(suite->report->findings[i - 1]);
  return n;
}

static void print_case(const struct suite *suite, const char *name, uint32_t row, int kind) {
  FILE *out = suite->out;
  fputs("  <testcase", out);
  print_attribute(out, "classname", name);
  print_attribute(out, "name", nck_kinds[kind].word);
  fputs(" time=\"0\"", out);
  uint64_t n = count_failures(suite, row, kind);
  if (!n) {
    fputs("/>\n", out);
    return;
  }
  fputs(">\n   <failure", out);
  print_attribute(out, "type", nck_kinds[kind].word);
  const struct nck_report_finding *worst = NULL;
  for (uint32_t i = suite->first[row * NCK_N_FINDINGS + (uint32_t)kind]; i && !worst;
       i = suite->next[i - 1])
    worst = is_failure(suite->report->findings[i - 1]) ? suite->report->findings[i - 1] : NULL;
  const char *more =
      n > 1 ? nck_arena_print(suite->scratch, " (and %llu more)", (unsigned long long)(n - 1)) : "";
  print_attribute(out, "message", nck_arena_print(suite->scratch, "%s%s", worst->message, more));
  putc('>', out);
  for (uint32_t i = suite->first[row * NCK_N_FINDINGS + (uint32_t)kind]; i;
       i = suite->next[i - 1]) {
    if (is_failure(suite->report->findings[i - 1]))
      print_finding(suite, suite->report->findings[i - 1]);
  }
  fputs("</failure>\n  </testcase>\n", out);
}

static const char *addon_name(const struct suite *suite, const struct nck_report_module *module) {
  if (!*module->package)
    return module->file;
  return nck_arena_print(suite->scratch, "%s.%s", module->package, module->file);
}

static void print_cases(const struct suite *suite) {
  uint32_t row = 0;
  for (int kind = 0; kind < NCK_N_FINDINGS; kind++) {
    if (has_case(suite, 0, kind))
      print_case(suite, "no addon", 0, kind);
  }
  for (uint32_t i = 0; i < suite->process->n_modules; i++) {
    if (!is_addon(suite->process->modules[i]))
      continue;
    row++;
    for (int kind = 0; kind < NCK_N_FINDINGS; kind++) {
      if (has_case(suite, row, kind))
        print_case(suite, addon_name(suite, suite->process->modules[i]), row, kind);
    }
  }
}

static void print_properties(const struct suite *suite) {
  const struct nck_report_process *process = suite->process;
  const struct {
    const char *name, *value;
  } rows[] = {
      {"pid", nck_arena_print(suite->scratch, "%u", process->pid)},
      {"runtime", process->runtime},
      {"cwd", process->cwd},
      {"end", nck_arena_print(suite->scratch, "%s %d", process->end_how, process->end_code)},
      {"calls", nck_arena_print(suite->scratch, "%llu", (unsigned long long)process->n_calls)},
  };
  fputs("  <properties>\n", suite->out);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fputs("   <property", suite->out);
    print_attribute(suite->out, "name", rows[i].name);
    print_attribute(suite->out, "value", rows[i].value);
    fputs("/>\n", suite->out);
  }
  fputs("  </properties>\n", suite->out);
}

static void print_suite(struct suite *suite, size_t number) {
  const struct nck_report_process *process = suite->process;
  FILE *out = suite->out;
  index_findings(suite);
  uint64_t n_cases = 0, n_failures = 0;
  for (uint32_t row = 0; row <= suite->n_addons; row++) {
    for (int kind = 0; kind < NCK_N_FINDINGS; kind++) {
      n_cases += has_case(suite, row, kind);
      n_failures += count_failures(suite, row, kind) > 0;
    }
  }
  struct nck_text name = {0};
  for (uint32_t i = 0; i < process->n_argv && name.length < 200; i++)
    nck_text_add(&name, "%s%s", i ? " " : "", process->argv[i]);
  nck_text_add(&name, "%s(pid %u)", name.length ? " " : "", process->pid);
  char host[256] = "", when[64] = "1970-01-01T00:00:00";
  gethostname(host, sizeof host - 1);
  time_t start = (time_t)(process->start_wall_ms / 1000);
  struct tm utc;
  if (gmtime_r(&start, &utc) && utc.tm_year < 8000)
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
  fputs(" <testsuite", out);
  print_attribute(out, "name", name.text);
  print_attribute(out, "package", "napicheck");
  fprintf(out, " id=\"%zu\" timestamp=\"%s\"", number, when);
  print_attribute(out, "hostname", *host ? nck_arena_clean(suite->scratch, host) : "localhost");
  fprintf(out, " tests=\"%llu\" failures=\"%llu\" errors=\"0\" time=\"%llu.%03llu\">\n",
          (unsigned long long)n_cases, (unsigned long long)n_failures,
          (unsigned long long)(process->duration_ms / 1000),
          (unsigned long long)(process->duration_ms % 1000));
  nck_text_drop(&name);
  print_properties(suite);
  print_cases(suite);
  fputs("  <system-out>", out);
  for (size_t i = 0; i < suite->report->n_findings; i++) {
    const struct nck_report_finding *finding = suite->report->findings[i];
    if (finding->process == process && finding->state == NCK_FINDING_COUNTS && !is_failure(finding))
      print_finding(suite, finding);
  }
  fputs("</system-out>\n  <system-err>", out);
  if (process->blind_ms)
    print_escaped(out, process->blind_reason);
  fputs("</system-err>\n </testsuite>\n", out);
  free(suite->first);
}

// What is wrong with the run as a whole: nothing was checked.
static void print_require(const struct nck_report *report, FILE *out) {
  fputs(" <testsuite name=\"require\" package=\"napicheck\" id=\"0\" "
        "timestamp=\"1970-01-01T00:00:00\" hostname=\"localhost\" tests=\"1\" failures=\"1\" "
        "errors=\"0\" time=\"0\">\n  <properties>\n   <property name=\"require\"",
        out);
  print_attribute(out, "value", report->summary.require);
  fputs("/>\n  </properties>\n  <testcase classname=\"napicheck\" name=\"require\" "
        "time=\"0\">\n   <failure type=\"require\"",
        out);
  print_attribute(out, "message", "no addon was loaded that require= asks for");
  putc('>', out);
  print_escaped(out, report->summary.require);
  fputs("</failure>\n  </testcase>\n  <system-out/>\n  <system-err/>\n </testsuite>\n", out);
}

void nck_junit_render(const struct nck_report *report, const struct nck_render_options *options,
                      FILE *out) {
  struct nck_arena scratch = {0};
  uint32_t *next = nck_memory_take(report->n_findings + 1, sizeof *next);
  fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" NCK_JUNIT_HEAD, out);
  for (size_t i = 0; i < report->n_processes; i++) {
    struct suite suite = {.report = report,
                          .process = report->processes[i],
                          .options = options->options,
                          .out = out,
                          .scratch = &scratch,
                          .next = next};
    print_suite(&suite, i);
    nck_arena_drop(&scratch);
  }
  if (report->summary.require_failed)
    print_require(report, out);
  fputs(NCK_JUNIT_TAIL, out);
  free(next);
}
