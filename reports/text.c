// text.c: a report for people.
//
// The first screen says what to fix, the worst first; the last line sums up and is made for grep.
// What is not asked for by show= is counted, not printed. A run with nothing to show prints nothing
// at verbosity 0.
#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "source.h"
#include "version.h"

#define MAX_DETAILED 100
#define MAX_JS 8
#define MAX_ROWS 20

struct told;

struct page {
  const struct nck_report *report;
  const struct nck_render_options *options;
  FILE *out;
  struct nck_arena scratch;
  struct told *told; // what is shown, each call site once
  size_t n_told;
  bool one_line; // nothing but the summary
};

enum style { PLAIN, BOLD, DIM, RED, MAGENTA, YELLOW, CYAN };

static const char *on(const struct page *page, enum style style) {
  static const char *const codes[] = {"",           "\033[1m",    "\033[2m", "\033[1;31m",
                                      "\033[1;35m", "\033[1;33m", "\033[36m"};
  return page->options->color ? codes[style] : "";
}

static const char *off(const struct page *page) { return page->options->color ? "\033[0m" : ""; }

static enum style style_of(enum nck_severity severity) {
  switch (severity) {
  case NCK_SEVERITY_ERROR:
    return RED;
  case NCK_SEVERITY_LEAK:
    return MAGENTA;
  case NCK_SEVERITY_WARNING:
    return YELLOW;
  default:
    return CYAN;
  }
}

static const char *plural(uint64_t n) { return n == 1 ? "" : "s"; }

// Columns of clean UTF-8, near enough: one for each character.
static size_t columns_of(const char *text, size_t length) {
  size_t columns = 0;
  for (size_t i = 0; i < length; i++)
    columns += ((unsigned char)text[i] & 0xc0) != 0x80;
  return columns;
}

// Prints words broken at the page's width, with `indent` blanks before the second and later lines;
// the first begins at column `at`.
static void print_wrapped(const struct page *page, const char *text, unsigned at, unsigned indent) {
  unsigned width = page->options->width;
  bool first = true;
  while (*text) {
    size_t length = strcspn(text, " "), columns = columns_of(text, length);
    if (!first && at + 1 + columns > width) {
      fprintf(page->out, "\n%*s", (int)indent, "");
      at = indent;
    } else if (!first) {
      putc(' ', page->out);
      at++;
    }
    fwrite(text, 1, length, page->out);
    at += (unsigned)columns;
    first = false;
    text += length;
    text += strspn(text, " ");
  }
  putc('\n', page->out);
}

// A source file as its reader would name it: relative to where the program ran.
static const char *shown_path(const struct nck_report_process *process, const char *path) {
  size_t n = strlen(process->cwd);
  if (n > 1 && !strncmp(path, process->cwd, n) && path[n] == '/')
    return path + n + 1;
  return path;
}

static void print_frame(const struct page *page, const struct nck_report_process *process,
                        const struct nck_report_frame *frame, uint32_t number) {
  FILE *out = page->out;
  const char *module = frame->module ? frame->module->file : "?";
  fprintf(out, "    %s%c #%-2u ", on(page, frame->addon ? BOLD : DIM), frame->addon ? '*' : ' ',
          number);
  if (*frame->function && frame->line)
    fprintf(out, "%s %s:%u", frame->function, shown_path(process, frame->path), frame->line);
  else if (frame->line)
    fprintf(out, "%s:%u", shown_path(process, frame->path), frame->line);
  else if (*frame->function)
    fprintf(out, "%s+0x%llx (%s+0x%llx)", frame->function,
            (unsigned long long)frame->function_offset, module, (unsigned long long)frame->offset);
  else
    fprintf(out, "%s+0x%llx", module, (unsigned long long)frame->offset);
  if (frame->inlined)
    fputs(" (inlined)", out);
  if (frame->line && !frame->addon)
    fprintf(out, " (%s)", module);
  fprintf(out, "%s\n", off(page));
}

static void print_stack(struct page *page, const struct nck_report_process *process,
                        const struct nck_report_stack *stack) {
  if (!stack->n_frames && !stack->n_js)
    return;
  fprintf(page->out, "  %s:\n", stack->role);
  // What a binding layer does around the addon's outermost function is long and says nothing.
  uint32_t n_frames = stack->n_frames;
  while (n_frames && stack->frames[n_frames - 1].binding)
    n_frames--;
  if (!n_frames || stack->n_frames - n_frames < 2)
    n_frames = stack->n_frames;
  const struct nck_report_frame *site = nck_report_stack_site(stack);
  for (uint32_t i = 0; i < n_frames; i++) {
    print_frame(page, process, &stack->frames[i], i);
    if (&stack->frames[i] != site)
      continue;
    const char *line = nck_source_line(site, &page->scratch);
    if (*line)
      fprintf(page->out, "          %s%s%s\n", on(page, DIM), line, off(page));
  }
  if (n_frames < stack->n_frames)
    fprintf(page->out, "      %sand %u frames of the binding layer%s\n", on(page, DIM),
            stack->n_frames - n_frames, off(page));
  for (uint32_t i = 0; i < stack->n_js && i < MAX_JS; i++) {
    const struct nck_report_js_frame *frame = &stack->js[i];
    fprintf(page->out, "      at %s (%s:%u:%u)\n",
            *frame->function ? frame->function : "<anonymous>", shown_path(process, frame->path),
            frame->line, frame->column);
  }
  if (stack->n_js > MAX_JS)
    fprintf(page->out, "      and %u more JavaScript frames\n", stack->n_js - MAX_JS);
}

static bool is_shown(const struct page *page, const struct nck_report_finding *finding) {
  if (finding->state != NCK_FINDING_COUNTS)
    return false;
  const struct nck_options *options = page->options->options;
  if (nck_options_has(options, NCK_OPTION_show, "none"))
    return false;
  if (nck_options_has(options, NCK_OPTION_show, nck_severity_word(finding->severity)) ||
      nck_options_has(options, NCK_OPTION_show, "all"))
    return true;
  // What lived when a process was killed, or lives now, is what its report is asked for.
  return (page->options->asked || !finding->process->end_known) &&
         (!strcmp(finding->evidence, "live") || !strcmp(finding->evidence, "queued"));
}

// The same call site in another process or behind another caller: told once, with the sum.
static bool is_same_site(const struct nck_report_finding *a, const struct nck_report_finding *b) {
  return a->kind == b->kind && a->severity == b->severity &&
         !strcmp(a->fingerprint, b->fingerprint) && !strcmp(a->evidence, b->evidence);
}

// The first shown finding of each call site, the number of objects of all of them, and of how many
// more.
struct told {
  const struct nck_report_finding *finding;
  uint64_t count;
  uint64_t n_more;
};

static void gather(struct page *page) {
  const struct nck_report *report = page->report;
  page->told = nck_arena_take(&page->scratch, (report->n_findings + 1) * sizeof *page->told);
  struct nck_map by_fingerprint = {0};
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    if (!is_shown(page, finding))
      continue;
    uint64_t key = strtoull(finding->fingerprint, NULL, 16) ^ (uint64_t)finding->severity << 8 ^
                   (unsigned char)finding->evidence[0];
    void **place = nck_map_place(&by_fingerprint, key);
    struct told *told = *place;
    if (told && is_same_site(told->finding, finding)) {
      told->n_more++;
    } else {
      told = &page->told[page->n_told++];
      told->finding = finding;
      *place = told;
    }
    told->count += finding->count;
  }
  nck_map_drop(&by_fingerprint);
}

static const char *package_text(struct page *page, const struct nck_report_module *module) {
  if (!module)
    return "";
  if (!*module->package)
    return module->file;
  return nck_arena_print(&page->scratch, "%s (%s%s%s)", module->file, module->package,
                         *module->version ? "@" : "", module->version);
}

static const char *site_text(struct page *page, const struct nck_report_finding *finding) {
  for (uint32_t i = 0; i < finding->n_stacks; i++) {
    const struct nck_report_stack *stack = &finding->stacks[i];
    const struct nck_report_frame *frame = nck_report_stack_site(stack);
    if (frame && (*frame->function || frame->line))
      return nck_report_frame_text(&page->scratch, frame);
    if (stack->n_js)
      return nck_arena_print(&page->scratch, "%s at %s:%u",
                             *stack->js[0].function ? stack->js[0].function : "<anonymous>",
                             stack->js[0].file, stack->js[0].line);
    if (frame)
      return nck_report_frame_text(&page->scratch, frame);
  }
  return finding->module ? finding->module->file : "";
}

// What is special about a process: it runs, it was killed, the tool was in trouble.
static void print_state(const struct page *page, const struct nck_report_process *process) {
  FILE *out = page->out;
  if (!strcmp(process->end_how, "running"))
    fprintf(out, "pid %u is running; this is what lives in it after %llu.%llu s\n", process->pid,
            (unsigned long long)(process->duration_ms / 1000),
            (unsigned long long)(process->duration_ms / 100 % 10));
  else if (!process->end_known && !strcmp(process->end_how, "exit"))
    fprintf(out,
            "pid %u ended with status %d and never told napicheck (a system call of its own, or "
            "another program in its place); this is what lived in it\n",
            process->pid, process->end_code);
  else if (!process->end_known && process->end_code)
    fprintf(out, "pid %u was killed by signal %d (%s); this is what lived in it then\n",
            process->pid, process->end_code, strsignal(process->end_code));
  else if (!process->end_known)
    fprintf(out, "pid %u was killed; this is what lived in it then\n", process->pid);
  else if (!strcmp(process->end_how, "exec"))
    fprintf(out, "pid %u put another program in its place\n", process->pid);
  if (process->blind_ms)
    fprintf(out, "pid %u: napicheck stopped judging after %u ms: %s\n", process->pid,
            process->blind_ms, process->blind_reason);
}

static void print_head(struct page *page, const struct nck_report_process *process) {
  FILE *out = page->out;
  fprintf(out, "%snapicheck %s%s: ", on(page, BOLD), NCK_VERSION, off(page));
  if (page->report->n_processes > 1)
    fprintf(out, "%zu processes, the first: ", page->report->n_processes);
  fprintf(out, "pid %u, %s", process->pid, process->runtime);
  if (nck_options_int(page->options->options, NCK_OPTION_verbosity) >= 1)
    fprintf(out, ", %u functions intercepted", process->n_watched);
  struct nck_text command = {0};
  for (uint32_t i = 0; i < process->n_argv && command.length < 200; i++)
    nck_text_add(&command, " %s", process->argv[i]);
  fprintf(out, ":%.200s%s\n", command.length ? command.text : "",
          command.length > 200 ? "..." : "");
  nck_text_drop(&command);
  for (size_t i = 0; i < page->report->n_processes; i++)
    print_state(page, page->report->processes[i]);
  putc('\n', out);
}

// One line for each call site, when there are several.
static void print_overview(struct page *page) {
  if (page->n_told < 2)
    return;
  for (size_t i = 0; i < page->n_told; i++) {
    const struct nck_report_finding *finding = page->told[i].finding;
    fprintf(page->out, "%3zu. %s%-7s%s %6llu  %-36s %s\n", i + 1,
            on(page, style_of(finding->severity)), nck_severity_word(finding->severity), off(page),
            (unsigned long long)page->told[i].count, nck_kinds[finding->kind].word,
            site_text(page, finding));
  }
  putc('\n', page->out);
}

static void print_where(struct page *page, const struct nck_report_finding *finding) {
  struct nck_text text = {0};
  const char *module = package_text(page, finding->module);
  nck_text_add(&text, "  in %s", *module ? module : "an unknown module");
  if (page->report->n_processes > 1)
    nck_text_add(&text, ", pid %u", finding->process->pid);
  if (finding->env)
    nck_text_add(&text, ", env %u", finding->env);
  if (finding->env && finding->n_envs > 1)
    nck_text_add(&text, " and %u other%s", finding->n_envs - 1, plural(finding->n_envs - 1));
  if (finding->thread.id)
    nck_text_add(&text, ", thread %u (%s%s%s)", finding->thread.id, finding->thread.name,
                 *finding->thread.name ? ", " : "", finding->thread.is_main ? "main" : "not main");
  nck_text_add(&text, ", %s %llu.%03llu s", finding->count > 1 ? "first after" : "after",
               (unsigned long long)(finding->first_ms / 1000),
               (unsigned long long)(finding->first_ms % 1000));
  if (finding->count > 1)
    nck_text_add(&text, ", last after %llu.%03llu s", (unsigned long long)(finding->last_ms / 1000),
                 (unsigned long long)(finding->last_ms % 1000));
  fprintf(page->out, "%s%s%s\n", on(page, DIM), text.text, off(page));
  nck_text_drop(&text);
}

// "97 times: created (1), referenced (2) in share at cache.c:22"
static void print_histories(struct page *page, const struct nck_report_finding *finding) {
  for (uint32_t i = 0; i < finding->n_histories; i++) {
    const struct nck_report_history *history = &finding->histories[i];
    struct nck_text text = {0};
    nck_text_add(&text, "%llu%s%s: ", (unsigned long long)history->count,
                 history->ended ? " other" : " of these",
                 history->ended ? plural(history->count) : "");
    for (uint32_t s = 0; s < history->n_steps; s++)
      nck_text_add(&text, "%s%s", s ? ", " : "",
                   nck_history_step_text(&page->scratch, &history->steps[s]));
    fputs("  history:    ", page->out);
    print_wrapped(page, text.text, 14, 14);
    nck_text_drop(&text);
  }
}

static void print_finding(struct page *page, const struct told *told, size_t number) {
  FILE *out = page->out;
  const struct nck_report_finding *finding = told->finding;
  const struct nck_kind *kind = &nck_kinds[finding->kind];
  const char *word = nck_severity_word(finding->severity);
  int at = fprintf(out, "%zu. ", number);
  fprintf(out, "%s%s %s%s", on(page, style_of(finding->severity)), word, kind->word, off(page));
  at += (int)(strlen(word) + 1 + strlen(kind->word));
  if (*finding->evidence)
    at += fprintf(out, " (%s)", finding->evidence);
  if (finding->count > 1)
    at += fprintf(out, " x%llu", (unsigned long long)finding->count);
  at += fprintf(out, ": ");
  print_wrapped(page, finding->message, (unsigned)at, 2);
  print_where(page, finding);
  for (uint32_t i = 0; i < finding->n_stacks; i++)
    print_stack(page, finding->process, &finding->stacks[i]);
  // A single place stands in the message already.
  for (uint32_t i = 0; finding->n_places > 1 && i < finding->n_places; i++)
    fprintf(out, "  held by:    %s (%llu)\n", finding->places[i].text,
            (unsigned long long)finding->places[i].count);
  if (told->n_more)
    fprintf(out, "  and:        %llu more at this call site, by %llu other caller%s or process%s\n",
            (unsigned long long)(told->count - finding->count), (unsigned long long)told->n_more,
            plural(told->n_more), told->n_more == 1 ? "" : "es");
  for (uint32_t i = 0; i < finding->n_facts; i++) {
    fputs("  note:       ", out);
    print_wrapped(page, finding->facts[i], 14, 14);
  }
  print_histories(page, finding);
  if (*finding->reason) {
    fprintf(out, "  no more than a %s: ", word);
    print_wrapped(page, finding->reason, 19 + (unsigned)strlen(word), 14);
  }
  fputs("  what to do: ", out);
  print_wrapped(page, kind->advice, 14, 14);
  fprintf(out, "  suppress:   %s\n", finding->suppression);
  fprintf(out, "  explain:    napicheck explain %s\n\n", kind->word);
}

static void print_findings(struct page *page) {
  size_t n = page->n_told < MAX_DETAILED ? page->n_told : MAX_DETAILED;
  for (size_t i = 0; i < n; i++)
    print_finding(page, &page->told[i], i + 1);
  if (n < page->n_told)
    fprintf(page->out, "%zu more are in the overview above; format=json=FILE has all of them\n\n",
            page->n_told - n);
}

// True when a finding of these kinds is shown.
static bool shows_kind(const struct page *page, const int *kinds, size_t n_kinds) {
  for (size_t i = 0; i < page->report->n_findings; i++) {
    for (size_t k = 0; k < n_kinds; k++) {
      if ((int)page->report->findings[i]->kind == kinds[k] &&
          is_shown(page, page->report->findings[i]))
        return true;
    }
  }
  return false;
}

// A function's name for a table: what stands between < and > takes a screen in C++.
static void print_brief(FILE *out, const char *name) {
  int depth = 0;
  for (const char *at = name; *at; at++) {
    if (*at == '>' && depth > 0 && at[-1] != '-')
      depth--;
    if (depth == 0)
      putc(*at, out);
    bool is_operator = at - name >= 8 && memcmp(at - 8, "operator", 8) == 0;
    if (*at == '<' && !is_operator && depth++ == 0)
      fputs("...", out);
  }
}

static bool is_like(const struct nck_report_finalizer *a, const struct nck_report_finalizer *b) {
  return a->env == b->env && a->deferred == b->deferred && strcmp(a->phase, b->phase) == 0 &&
         strcmp(a->kind, b->kind) == 0 && strcmp(a->function, b->function) == 0 &&
         strcmp(a->site, b->site) == 0;
}

static void print_finalizers(struct page *page) {
  static const int kinds[] = {
      NCK_FINDING_FINALIZER_AFTER_OWNER,        NCK_FINDING_FINALIZER_GC_UNSAFE,
      NCK_FINDING_FINALIZER_NEVER_RAN,          NCK_FINDING_FINALIZER_RAN_TWICE,
      NCK_FINDING_WRAP_REFERENCE_DELETED_EARLY, NCK_FINDING_INSTANCE_DATA_REPLACED,
  };
  const struct nck_report *report = page->report;
  if (!report->n_finalizers || !shows_kind(page, kinds, sizeof kinds / sizeof *kinds))
    return;
  // Those that are alike and ran in a row are one row.
  struct nck_report_finalizer **all = report->finalizers;
  size_t first = report->n_finalizers;
  for (size_t n_rows = 0; first > 0; first--) {
    if (first == report->n_finalizers || !is_like(all[first - 1], all[first]))
      n_rows++;
    if (n_rows > MAX_ROWS)
      break;
  }
  fprintf(page->out, "finalizers in the order of their running%s:\n",
          first ? ", the last of them" : "");
  for (size_t i = first, next; i < report->n_finalizers; i = next) {
    const struct nck_report_finalizer *finalizer = all[i];
    for (next = i + 1; next < report->n_finalizers && is_like(finalizer, all[next]);)
      next++;
    char times[32] = "";
    if (next > i + 1)
      snprintf(times, sizeof times, " x%zu", next - i);
    fprintf(page->out, "  %6llu%-6s  %-12s %-20s env %-3u ", (unsigned long long)finalizer->order,
            times, finalizer->deferred ? "after gc" : finalizer->phase, finalizer->kind,
            finalizer->env);
    print_brief(page->out, *finalizer->function ? finalizer->function : "?");
    fputs(*finalizer->site ? ", of " : "", page->out);
    print_brief(page->out, finalizer->site);
    putc('\n', page->out);
  }
  putc('\n', page->out);
}

static void print_profile(struct page *page) {
  static const int kinds[] = {NCK_FINDING_HANDLE_GROWTH, NCK_FINDING_HANDLE_OUTSIDE_SCOPE};
  const struct nck_report *report = page->report;
  if (!report->n_profiles || !shows_kind(page, kinds, 2))
    return;
  fputs("callbacks that made most handles in one scope:\n", page->out);
  bool *printed = nck_memory_take(report->n_profiles, sizeof *printed);
  for (int row = 0; row < 5; row++) {
    const struct nck_report_profile *most = NULL;
    size_t at = 0;
    for (size_t i = 0; i < report->n_profiles; i++) {
      const struct nck_report_profile *profile = report->profiles[i];
      if (!printed[i] && (!most || profile->peak_handles > most->peak_handles)) {
        most = profile;
        at = i;
      }
    }
    if (!most)
      break;
    printed[at] = true;
    fprintf(page->out, "  %10llu at once", (unsigned long long)most->peak_handles);
    if (most->n_calls) // only functions, methods and accessors are counted
      fprintf(page->out, ", %llu in %llu call%s", (unsigned long long)most->n_handles,
              (unsigned long long)most->n_calls, plural(most->n_calls));
    fprintf(page->out, "  %s", *most->callback ? most->callback : "outside any callback");
    if (most->module)
      fprintf(page->out, " (%s)", most->module->file);
    const struct nck_report_frame *frame = nck_report_stack_site(&most->peak_stack);
    if (frame)
      fprintf(page->out, ", by %s", nck_report_frame_text(&page->scratch, frame));
    putc('\n', page->out);
  }
  free(printed);
  putc('\n', page->out);
}

static void print_failed_calls(struct page *page) {
  static const int kinds[] = {NCK_FINDING_FAILED_CALL, NCK_FINDING_PENDING_EXCEPTION_IGNORED};
  const struct nck_report *report = page->report;
  if (!report->n_failed || !shows_kind(page, kinds, 2))
    return;
  fputs("calls that failed:\n", page->out);
  for (size_t i = 0; i < report->n_failed && i < MAX_ROWS; i++) {
    const struct nck_report_failed_call *failed = report->failed[i];
    const struct nck_report_frame *frame = nck_report_stack_site(&failed->stack);
    fprintf(page->out, "  %10llu  %-32s %-28s %s\n", (unsigned long long)failed->count,
            failed->function, failed->status,
            frame ? nck_report_frame_text(&page->scratch, frame) : "");
  }
  putc('\n', page->out);
}

// What there is to say of one addon, in all processes of the run.
struct addon {
  const struct nck_report_module *module; // the first of them
  uint64_t counts[NCK_N_SEVERITIES], n_calls;
  struct addon *next;
};

static void print_addon(struct page *page, const struct addon *addon) {
  const uint64_t *counts = addon->counts;
  if (!counts[NCK_SEVERITY_ERROR] && !counts[NCK_SEVERITY_LEAK] && !counts[NCK_SEVERITY_WARNING])
    return;
  fprintf(page->out, "%s: %llu error%s, %llu leak%s, %llu warning%s, %llu note%s in %llu calls\n",
          package_text(page, addon->module), (unsigned long long)counts[NCK_SEVERITY_ERROR],
          plural(counts[NCK_SEVERITY_ERROR]), (unsigned long long)counts[NCK_SEVERITY_LEAK],
          plural(counts[NCK_SEVERITY_LEAK]), (unsigned long long)counts[NCK_SEVERITY_WARNING],
          plural(counts[NCK_SEVERITY_WARNING]), (unsigned long long)counts[NCK_SEVERITY_NOTE],
          plural(counts[NCK_SEVERITY_NOTE]), (unsigned long long)addon->n_calls);
}

static void print_addons(struct page *page) {
  const struct nck_report *report = page->report;
  struct nck_map by_path = {0};
  struct addon *first = NULL, **end = &first;
  for (size_t p = 0; p < report->n_processes; p++) {
    const struct nck_report_process *process = report->processes[p];
    for (uint32_t m = 0; m < process->n_modules; m++) {
      const struct nck_report_module *module = process->modules[m];
      if (!(module->flags & NCK_MODULE_ADDON))
        continue;
      struct addon **place = (struct addon **)nck_map_place(&by_path, nck_map_hash(module->path));
      if (!*place) {
        *place = *end = nck_arena_take(&page->scratch, sizeof **place);
        (*place)->module = module;
        end = &(*end)->next;
      }
      (*place)->n_calls += module->n_calls;
    }
  }
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    struct addon *addon =
        finding->module ? nck_map_find(&by_path, nck_map_hash(finding->module->path)) : NULL;
    if (addon && finding->state == NCK_FINDING_COUNTS)
      addon->counts[finding->severity]++;
  }
  for (const struct addon *addon = first; addon; addon = addon->next)
    print_addon(page, addon);
  nck_map_drop(&by_path);
}

static void print_hidden(struct page *page) {
  const struct nck_report *report = page->report;
  uint64_t counts[NCK_N_SEVERITIES] = {0};
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    if (finding->state == NCK_FINDING_COUNTS && !is_shown(page, finding))
      counts[finding->severity]++;
  }
  for (unsigned severity = NCK_SEVERITY_ERROR; severity >= NCK_SEVERITY_NOTE; severity--) {
    const char *word = nck_severity_word((enum nck_severity)severity);
    if (counts[severity])
      fprintf(page->out, "%llu %s%s not printed; show=%s prints %s\n",
              (unsigned long long)counts[severity], word, plural(counts[severity]), word,
              counts[severity] == 1 ? "it" : "them");
  }
}

static void print_suppressions(struct page *page) {
  const struct nck_report *report = page->report;
  for (size_t i = 0; i < report->n_suppressions; i++) {
    const struct nck_report_suppression *row = report->suppressions[i];
    if (*row->note)
      fprintf(page->out, "suppression %s:%u %s: %s\n", row->file, row->line, row->note, row->text);
    else if (row->n_findings)
      fprintf(page->out, "suppressed %llu finding%s (%llu objects) by %s:%u: %s\n",
              (unsigned long long)row->n_findings, plural(row->n_findings),
              (unsigned long long)row->n_objects, row->file, row->line, row->text);
    else
      fprintf(page->out, "unused suppression %s:%u: %s\n", row->file, row->line, row->text);
  }
}

static void print_statistics(struct page *page) {
  for (size_t i = 0; i < page->report->n_processes; i++) {
    const struct nck_report_process *process = page->report->processes[i];
    fprintf(page->out,
            "pid %u: %u functions watched, %u forwarded; %llu calls; record %llu KiB, own memory "
            "%llu KiB; searched %llu KiB in %llu.%llu ms; start and end took %llu.%llu ms\n",
            process->pid, process->n_watched, process->n_forwarded,
            (unsigned long long)process->n_calls, (unsigned long long)(process->record_bytes >> 10),
            (unsigned long long)(process->own_bytes >> 10),
            (unsigned long long)(process->scan_bytes >> 10),
            (unsigned long long)(process->scan_ns / 1000000),
            (unsigned long long)(process->scan_ns / 100000 % 10),
            (unsigned long long)(process->overhead_ns / 1000000),
            (unsigned long long)(process->overhead_ns / 100000 % 10));
  }
}

// Of a clean run this line is all: what else there is to know stands in it.
static void print_banner(struct page *page, const struct nck_report_process *process) {
  fprintf(page->out, " (napicheck " NCK_VERSION ", %s, %u functions intercepted", process->runtime,
          process->n_watched);
  for (size_t i = 0; page->one_line && i < page->report->n_notes; i++)
    fprintf(page->out, "; %s", page->report->notes[i]);
  fputs(")", page->out);
}

static void print_summary(struct page *page) {
  const struct nck_report_summary *summary = &page->report->summary;
  const uint64_t *n = summary->by_severity;
  uint64_t n_calls = 0;
  for (size_t i = 0; i < page->report->n_processes; i++)
    n_calls += page->report->processes[i]->n_calls;
  struct nck_text leaked = {0};
  for (unsigned kind = 1; kind < NCK_N_KINDS; kind++) {
    uint64_t count = summary->leaked[kind];
    if (count)
      nck_text_add(&leaked, "%s%llu %s", leaked.length ? ", " : " (", (unsigned long long)count,
                   count == 1 ? nck_object_kind_singular((enum nck_object_kind)kind)
                              : nck_object_kind_plural((enum nck_object_kind)kind));
  }
  if (summary->leaked_bytes)
    nck_text_add(&leaked, ", which hold %s", nck_bytes_text(&page->scratch, summary->leaked_bytes));
  enum style style = n[NCK_SEVERITY_ERROR] || n[NCK_SEVERITY_LEAK] ? RED : BOLD;
  fprintf(page->out,
          "%snapicheck: SUMMARY: %llu error%s, %llu leak%s%s%s, %llu warning%s, %llu note%s",
          on(page, style), (unsigned long long)n[NCK_SEVERITY_ERROR], plural(n[NCK_SEVERITY_ERROR]),
          (unsigned long long)n[NCK_SEVERITY_LEAK], plural(n[NCK_SEVERITY_LEAK]),
          leaked.length ? leaked.text : "", leaked.length ? ")" : "",
          (unsigned long long)n[NCK_SEVERITY_WARNING], plural(n[NCK_SEVERITY_WARNING]),
          (unsigned long long)n[NCK_SEVERITY_NOTE], plural(n[NCK_SEVERITY_NOTE]));
  if (summary->suppressed)
    fprintf(page->out, ", %llu suppressed", (unsigned long long)summary->suppressed);
  if (summary->baseline)
    fprintf(page->out, ", %llu in the baseline", (unsigned long long)summary->baseline);
  fprintf(page->out, " in %llu calls", (unsigned long long)n_calls);
  if (summary->require_failed)
    fprintf(page->out, "; no addon matched require=%s", summary->require);
  fprintf(page->out, "; exit %d", summary->exit_code);
  if (summary->own_code && summary->verdict)
    fprintf(page->out, " (the program's own; napicheck alone would say %d)", summary->verdict);
  else if (summary->replaced && summary->verdict)
    fputs(" (were it not for the program that took its place, whose status it is)", page->out);
  if (nck_options_int(page->options->options, NCK_OPTION_verbosity) >= 1 &&
      page->report->n_processes)
    print_banner(page, page->report->processes[0]);
  fprintf(page->out, "%s\n", off(page));
  nck_text_drop(&leaked);
}

void nck_text_render(const struct nck_report *report, const struct nck_render_options *options,
                     FILE *out) {
  struct page page = {.report = report, .options = options, .out = out};
  int verbosity = nck_options_int(options->options, NCK_OPTION_verbosity);
  gather(&page);
  bool blind = false;
  for (size_t i = 0; i < report->n_processes; i++)
    blind |= report->processes[i]->blind_ms != 0;
  bool matters = page.n_told || blind || report->summary.require_failed || report->summary.failed;
  page.one_line = !matters && !report->notes_matter && !options->asked && verbosity == 1;
  if (matters) {
    if (report->n_processes)
      print_head(&page, report->processes[0]);
    print_overview(&page);
    print_findings(&page);
    print_finalizers(&page);
    print_profile(&page);
    print_failed_calls(&page);
    print_addons(&page);
  }
  bool wanted = matters || options->asked || verbosity >= 1;
  if (wanted)
    print_suppressions(&page);
  if (!page.one_line && (wanted || report->notes_matter))
    for (size_t i = 0; i < report->n_notes; i++)
      fprintf(out, "%s%s\n", wanted ? "" : "napicheck: ", report->notes[i]);
  if (wanted) {
    print_hidden(&page);
    if (verbosity >= 2)
      print_statistics(&page);
    print_summary(&page);
  }
  nck_arena_drop(&page.scratch);
}
