// baseline.c: findings that a team has accepted, by fingerprint and count: only new and grown ones
// count.
//
// The file is JSON, sorted by fingerprint, so that a change of it is a readable diff. It names
// kind, module and call site for people; the fingerprint, the count and the severity are compared.
#include "baseline.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "output.h"

static const char *fingerprint_of(const json_t *row) {
  const char *text = json_string_value(json_object_get(row, "fingerprint"));
  return text ? text : "";
}

static uint64_t count_of(const json_t *row) {
  json_int_t count = json_integer_value(json_object_get(row, "count"));
  return count > 0 ? (uint64_t)count : 0;
}

// The worst that a row accepts. Files of before that field accept whatever it is.
static enum nck_severity severity_of(const json_t *row) {
  const char *word = json_string_value(json_object_get(row, "severity"));
  return word ? nck_severity_find(word) : NCK_SEVERITY_ERROR;
}

// A row that means nothing, or one that two people have merged in, must not pass for acceptance.
static bool check_rows(const json_t *rows, const char *path, struct nck_error *error) {
  struct nck_map seen = {0};
  bool good = true;
  for (size_t i = 0; good && i < json_array_size(rows); i++) {
    const json_t *row = json_array_get(rows, i);
    const char *fingerprint = fingerprint_of(row);
    if (!*fingerprint || !count_of(row) || !severity_of(row)) {
      good = nck_error_set(
          error, "%s: finding %zu lacks a fingerprint, a count or a known severity", path, i + 1);
    } else {
      void **place = nck_map_place(&seen, nck_map_hash(fingerprint));
      if (*place)
        good = nck_error_set(error, "%s: fingerprint %.64s stands in it twice", path, fingerprint);
      *place = (void *)row;
    }
  }
  nck_map_drop(&seen);
  return good;
}

static json_t *load(const char *path, struct nck_error *error) {
  json_t *json = nck_json_read(path, "a baseline", error);
  if (!json)
    return NULL;
  const char *schema = json_string_value(json_object_get(json, "schema"));
  const json_t *rows = json_object_get(json, "findings");
  bool good = schema && !strcmp(schema, NCK_BASELINE_SCHEMA) && json_is_array(rows);
  if (!good)
    nck_error_set(error, "%s is not a baseline of napicheck (%s)", path, NCK_BASELINE_SCHEMA);
  if (good && check_rows(rows, path, error))
    return json;
  json_decref(json);
  return NULL;
}

static bool is_accepted_kind(const struct nck_report_finding *finding) {
  return finding->state != NCK_FINDING_SUPPRESSED && finding->severity > NCK_SEVERITY_NOTE;
}

// What a report holds of one fingerprint.
struct share {
  uint64_t count;
  enum nck_severity severity; // the worst
};

// By hash of the fingerprint, to shares in the report's arena.
static struct nck_map add_up(struct nck_report *report) {
  struct nck_map shares = {0};
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    if (!is_accepted_kind(finding))
      continue;
    struct share **place =
        (struct share **)nck_map_place(&shares, nck_map_hash(finding->fingerprint));
    if (!*place)
      *place = nck_arena_take(&report->arena, sizeof **place);
    (*place)->count += finding->count;
    if (finding->severity > (*place)->severity)
      (*place)->severity = finding->severity;
  }
  return shares;
}

// Adds a last line to what a finding says.
static void add_fact(struct nck_report *report, struct nck_report_finding *finding,
                     const char *fact) {
  const char **facts = nck_arena_take(&report->arena, (finding->n_facts + 1) * sizeof *facts);
  if (finding->n_facts)
    memcpy(facts, finding->facts, finding->n_facts * sizeof *facts);
  facts[finding->n_facts] = fact;
  finding->facts = facts;
  finding->n_facts++;
}

static void judge_finding(struct nck_report *report, struct nck_report_finding *finding,
                          const json_t *row, const struct share *share) {
  uint64_t accepted = count_of(row);
  enum nck_severity severity = severity_of(row);
  if (share->severity > severity)
    add_fact(report, finding,
             nck_arena_print(&report->arena, "worse: the baseline accepts a %s at this call site",
                             nck_severity_word(severity)));
  else if (share->count > accepted)
    add_fact(report, finding,
             nck_arena_print(&report->arena, "grown: the baseline accepts %llu at this call site",
                             (unsigned long long)accepted));
  else
    finding->state = NCK_FINDING_BASELINE;
}

// Another test command may be the one that loads that addon.
static bool was_loaded(const struct nck_report *report, const json_t *row) {
  const char *file = json_string_value(json_object_get(row, "module"));
  if (!file || !*file)
    return true;
  for (size_t p = 0; p < report->n_processes; p++) {
    const struct nck_report_process *process = report->processes[p];
    for (uint32_t m = 0; m < process->n_modules; m++) {
      const struct nck_report_module *module = process->modules[m];
      if (!strcmp(module->file, file) && !(module->flags & NCK_MODULE_UNWATCHED))
        return true;
    }
  }
  return false;
}

static void say_fewer(struct nck_report *report, const char *path, size_t n_gone, size_t n_fewer) {
  if (n_gone)
    nck_report_add_note(
        report, "%zu finding%s of the baseline %s gone; write_baseline=%s takes %s out", n_gone,
        n_gone == 1 ? "" : "s", n_gone == 1 ? "is" : "are", path, n_gone == 1 ? "it" : "them");
  if (n_fewer)
    nck_report_add_note(
        report,
        "%zu finding%s of the baseline %s fewer than it accepts; write_baseline=%s takes "
        "the new count%s",
        n_fewer, n_fewer == 1 ? "" : "s", n_fewer == 1 ? "has" : "have", path,
        n_fewer == 1 ? "" : "s");
  report->notes_matter |= n_gone || n_fewer;
}

bool nck_baseline_apply(struct nck_report *report, const char *path, struct nck_error *error) {
  json_t *json = load(path, error);
  if (!json)
    return false;
  const json_t *rows = json_object_get(json, "findings");
  struct nck_map shares = add_up(report), accepted = {0};
  size_t n_gone = 0, n_fewer = 0;
  for (size_t i = 0; i < json_array_size(rows); i++) {
    json_t *row = json_array_get(rows, i);
    uint64_t key = nck_map_hash(fingerprint_of(row));
    const struct share *share = nck_map_find(&shares, key);
    *nck_map_place(&accepted, key) = row;
    n_gone += !share && was_loaded(report, row);
    n_fewer += share && share->count < count_of(row);
  }
  for (size_t i = 0; i < report->n_findings; i++) {
    struct nck_report_finding *finding = report->findings[i];
    uint64_t key = nck_map_hash(finding->fingerprint);
    const json_t *row = nck_map_find(&accepted, key);
    if (row && is_accepted_kind(finding))
      judge_finding(report, finding, row, nck_map_find(&shares, key));
  }
  say_fewer(report, path, n_gone, n_fewer);
  nck_map_drop(&shares);
  nck_map_drop(&accepted);
  json_decref(json);
  return true;
}

static json_t *make_row(const struct nck_report_finding *finding) {
  const struct nck_report_frame *frame =
      finding->n_stacks ? nck_report_stack_site(&finding->stacks[0]) : NULL;
  json_t *row = json_object();
  json_object_set_new(row, "fingerprint", json_string(finding->fingerprint));
  json_object_set_new(row, "kind", json_string(nck_kinds[finding->kind].word));
  json_object_set_new(row, "module", json_string(finding->module ? finding->module->file : ""));
  // Without the line: it would change when somebody adds a comment above.
  json_object_set_new(row, "site", json_string(frame ? frame->function : ""));
  json_object_set_new(row, "severity", json_string(nck_severity_word(finding->severity)));
  json_object_set_new(row, "count", json_integer(0));
  return row;
}

static void add_to_row(json_t *row, const struct nck_report_finding *finding) {
  json_t *count = json_object_get(row, "count");
  json_integer_set(count, json_integer_value(count) + (json_int_t)finding->count);
  if (finding->severity > severity_of(row))
    json_object_set_new(row, "severity", json_string(nck_severity_word(finding->severity)));
}

static int compare_rows(const void *left, const void *right) {
  return strcmp(fingerprint_of(*(json_t *const *)left), fingerprint_of(*(json_t *const *)right));
}

static json_t *sort_rows(json_t *rows) {
  size_t n = json_array_size(rows);
  json_t **sorted = nck_memory_take(n, sizeof *sorted);
  json_t *result = json_array();
  for (size_t i = 0; i < n; i++)
    sorted[i] = json_array_get(rows, i);
  qsort(sorted, n, sizeof *sorted, compare_rows);
  for (size_t i = 0; i < n; i++)
    json_array_append(result, sorted[i]);
  free(sorted);
  json_decref(rows);
  return result;
}

bool nck_baseline_write(const struct nck_report *report, const char *path, bool add,
                        struct nck_error *error) {
  struct nck_error ignored;
  json_t *there = add ? load(path, &ignored) : NULL;
  json_t *rows = there ? json_incref(json_object_get(there, "findings")) : json_array();
  json_decref(there);
  struct nck_map by_fingerprint = {0};
  for (size_t i = 0; i < json_array_size(rows); i++) {
    json_t *row = json_array_get(rows, i);
    *nck_map_place(&by_fingerprint, nck_map_hash(fingerprint_of(row))) = row;
  }
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    if (!is_accepted_kind(finding))
      continue;
    void **place = nck_map_place(&by_fingerprint, nck_map_hash(finding->fingerprint));
    if (!*place) {
      *place = make_row(finding);
      json_array_append_new(rows, *place);
    }
    add_to_row(*place, finding);
  }
  nck_map_drop(&by_fingerprint);
  json_t *json = json_object();
  json_object_set_new(json, "schema", json_string(NCK_BASELINE_SCHEMA));
  json_object_set_new(json, "findings", sort_rows(rows));
  struct nck_output output;
  bool good = nck_output_open(&output, path, error);
  if (good) {
    nck_json_write(json, output.stream);
    good = nck_output_close(&output, error);
  }
  json_decref(json);
  return good;
}
