// policy.c: what a report amounts to: the counts of its summary, and the exit status.
#include "policy.h"

#include <fnmatch.h>
#include <string.h>

#define MOST_NAMES 4

static bool fails(const struct nck_report_finding *finding, const struct nck_options *options) {
  return nck_options_has(options, NCK_OPTION_fail_on, nck_severity_word(finding->severity)) ||
         nck_options_has(options, NCK_OPTION_fail_on, nck_kinds[finding->kind].word);
}

// The kind of object that a leak is made of; NCK_KIND_NONE when there is none to count.
static enum nck_object_kind leaked_kind(const struct nck_report_finding *finding) {
  if (finding->site)
    return finding->site->kind;
  switch (finding->kind) {
  case NCK_FINDING_LEAKED_REFERENCE:
  case NCK_FINDING_LEAKED_WEAK_REFERENCE:
  case NCK_FINDING_GROWING_REFERENCES:
    return NCK_KIND_REFERENCE;
  case NCK_FINDING_LEAKED_ASYNC_WORK:
    return NCK_KIND_ASYNC_WORK;
  case NCK_FINDING_LEAKED_THREADSAFE_FUNCTION:
    return NCK_KIND_THREADSAFE_FUNCTION;
  case NCK_FINDING_UNSETTLED_DEFERRED:
    return NCK_KIND_DEFERRED;
  case NCK_FINDING_LEAKED_ASYNC_CONTEXT:
    return NCK_KIND_ASYNC_CONTEXT;
  default:
    return NCK_KIND_NONE;
  }
}

static bool matches_module(struct nck_arena *arena, const struct nck_report_module *module,
                           const char *glob) {
  if (!fnmatch(glob, module->file, 0) || !fnmatch(glob, module->path, 0))
    return true;
  return *module->package &&
         (!fnmatch(glob, module->package, 0) ||
          !fnmatch(glob, nck_arena_print(arena, "%s@%s", module->package, module->version), 0));
}

static bool seen_module(struct nck_report *report, const char *glob) {
  for (size_t p = 0; p < report->n_processes; p++) {
    const struct nck_report_process *process = report->processes[p];
    for (uint32_t m = 0; m < process->n_modules; m++) {
      const struct nck_report_module *module = process->modules[m];
      if (module->flags & NCK_MODULE_ADDON && !(module->flags & NCK_MODULE_UNWATCHED) &&
          matches_module(&report->arena, module, glob))
        return true;
    }
  }
  return false;
}

int nck_policy_own_code(const struct nck_report *report) {
  if (!report->n_processes)
    return 0;
  const struct nck_report_process *process = report->processes[0];
  if (!strcmp(process->end_how, "signal"))
    return process->end_code ? 128 + process->end_code : 0;
  return !strcmp(process->end_how, "exit") ? process->end_code & 0xff : 0;
}

// A check that checks nothing must not look like one that finds nothing.
static void note_left_out(struct nck_report *report, const char *globs) {
  struct nck_text names = {0};
  struct nck_map seen = {0}; // in several processes
  uint32_t n = 0;
  bool all = true;
  for (size_t p = 0; p < report->n_processes; p++) {
    const struct nck_report_process *process = report->processes[p];
    for (uint32_t m = 0; m < process->n_modules; m++) {
      const struct nck_report_module *module = process->modules[m];
      if (!(module->flags & NCK_MODULE_ADDON))
        continue;
      all &= (module->flags & NCK_MODULE_UNWATCHED) != 0;
      void **place = nck_map_place(&seen, nck_map_hash(module->file));
      if (!*place && n++ < MOST_NAMES)
        nck_text_add(&names, "%s%s", names.length ? ", " : "", module->file);
      *place = (void *)module;
    }
  }
  if (n && all) {
    nck_report_add_note(report, "modules=%s leaves out all addons of this run: %s%s", globs,
                        names.text, n > MOST_NAMES ? ", ..." : "");
    report->notes_matter = true;
  }
  nck_map_drop(&seen);
  nck_text_drop(&names);
}

void nck_policy_apply(struct nck_report *report, const struct nck_options *options, int own_code) {
  struct nck_report_summary *summary = &report->summary;
  *summary = (struct nck_report_summary){.own_code = own_code};
  nck_report_sort(report);
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    if (finding->state != NCK_FINDING_COUNTS) {
      summary->suppressed += finding->state == NCK_FINDING_SUPPRESSED;
      summary->baseline += finding->state == NCK_FINDING_BASELINE;
      continue;
    }
    summary->by_severity[finding->severity]++;
    if (finding->severity == NCK_SEVERITY_LEAK) {
      summary->leaked[leaked_kind(finding)] += finding->count;
      summary->leaked_bytes += finding->bytes;
    }
    summary->failed |= fails(finding, options);
  }
  const char *require = nck_options_text(options, NCK_OPTION_require);
  summary->require = nck_arena_clean(&report->arena, require);
  summary->require_failed = *require && !seen_module(report, require);
  if (*nck_options_text(options, NCK_OPTION_modules))
    note_left_out(report, nck_options_text(options, NCK_OPTION_modules));
  // Findings come before a missing addon: both say "look here", and the first has something to
  // show.
  if (summary->failed)
    summary->verdict = nck_options_int(options, NCK_OPTION_exitcode);
  if (!summary->verdict && summary->require_failed)
    summary->verdict = NCK_EXIT_REQUIRE;
  summary->exit_code = own_code ? own_code : summary->verdict;
}

size_t nck_policy_count(const struct nck_report *report, const struct nck_options *options) {
  size_t n = 0;
  for (size_t i = 0; i < report->n_findings; i++)
    n += report->findings[i]->state == NCK_FINDING_COUNTS && fails(report->findings[i], options);
  return n;
}
