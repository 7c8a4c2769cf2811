// baseline.c: findings that a team has accepted, by fingerprint and count: only new and grown ones
// count.
//
// The file is JSON, sorted by fingerprint, so that a change of it is a readable diff. It names
// kind, module and call site for people; only the fingerprint and the count are compared.
#include "baseline.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "output.h"

static json_t *load(const char *path, struct nck_error *error) {
  json_t *json = nck_json_read(path, "a baseline", error);
  if (!json)
    return NULL;
  const char *schema = json_string_value(json_object_get(json, "schema"));
  if (!schema || strcmp(schema, NCK_BASELINE_SCHEMA) != 0 ||
      !json_is_array(json_object_get(json, "findings"))) {
    nck_error_set(error, "%s is not a baseline of napicheck (%s)", path, NCK_BASELINE_SCHEMA);
    json_decref(json);
    return NULL;
  }
  return json;
}

static const char *fingerprint_of(const json_t *row) {
  const char *text = json_string_value(json_object_get(row, "fingerprint"));
  return text ? text : "";
}

static uint64_t count_of(const json_t *row) {
  json_int_t count = json_integer_value(json_object_get(row, "count"));
  return count > 0 ? (uint64_t)count : 0;
}

static bool is_accepted_kind(const struct nck_report_finding *finding) {
  return finding->state != NCK_FINDING_SUPPRESSED && finding->severity > NCK_SEVERITY_NOTE;
}

static uint64_t sum_of(const struct nck_report *report, const char *fingerprint) {
  uint64_t sum = 0;
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    if (is_accepted_kind(finding) && !strcmp(finding->fingerprint, fingerprint))
      sum += finding->count;
  }
  return sum;
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

static void apply_row(struct nck_report *report, const json_t *row) {
  const char *fingerprint = fingerprint_of(row);
  uint64_t accepted = count_of(row), sum = sum_of(report, fingerprint);
  for (size_t i = 0; sum && i < report->n_findings; i++) {
    struct nck_report_finding *finding = report->findings[i];
    if (finding->state != NCK_FINDING_COUNTS || !is_accepted_kind(finding) ||
        strcmp(finding->fingerprint, fingerprint) != 0)
      continue;
    if (sum <= accepted)
      finding->state = NCK_FINDING_BASELINE;
    else
      add_fact(report, finding,
               nck_arena_print(&report->arena, "grown: the baseline accepts %llu at this call site",
                               (unsigned long long)accepted));
  }
}

bool nck_baseline_apply(struct nck_report *report, const char *path, struct nck_error *error) {
  json_t *json = load(path, error);
  if (!json)
    return false;
  const json_t *rows = json_object_get(json, "findings");
  size_t n_gone = 0;
  for (size_t i = 0; i < json_array_size(rows); i++) {
    const json_t *row = json_array_get(rows, i);
    n_gone += !sum_of(report, fingerprint_of(row));
    apply_row(report, row);
  }
  if (n_gone)
    nck_report_add_note(
        report, "%zu finding%s of the baseline %s gone; write_baseline=%s takes %s out", n_gone,
        n_gone == 1 ? "" : "s", n_gone == 1 ? "is" : "are", path, n_gone == 1 ? "it" : "them");
  json_decref(json);
  return true;
}

static json_t *find_row(const json_t *rows, const char *fingerprint) {
  for (size_t i = 0; i < json_array_size(rows); i++) {
    json_t *row = json_array_get(rows, i);
    if (!strcmp(fingerprint_of(row), fingerprint))
      return row;
  }
  return NULL;
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
  json_object_set_new(row, "count", json_integer(0));
  return row;
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
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    if (!is_accepted_kind(finding))
      continue;
    json_t *row = find_row(rows, finding->fingerprint);
    if (!row) {
      row = make_row(finding);
      json_array_append_new(rows, row);
    }
    json_t *count = json_object_get(row, "count");
    json_integer_set(count, json_integer_value(count) + (json_int_t)finding->count);
  }
  json_t *json = json_object();
  json_object_set_new(json, "schema", json_string(NCK_BASELINE_SCHEMA));
  json_object_set_new(json, "findings", sort_rows(rows));
  struct nck_output output;
  bool good = nck_output_open(&output, path, error);
  if (good) {
    json_dumpf(json, output.stream, JSON_INDENT(2));
    putc('\n', output.stream);
    good = nck_output_close(&output, error);
  }
  json_decref(json);
  return good;
}
