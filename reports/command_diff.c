// command_diff.c: `napicheck diff BEFORE AFTER`: what is new, grown, shrunk, gone.
//
// Findings are the same when their fingerprints are, so two builds, two folders and two machines
// can be compared.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "kinds.h"
#include "load.h"
#include "memory.h"
#include "policy.h"

struct arguments {
  const char *targets[2];
  bool all, json;
};

static error_t parse(int key, char *value, struct argp_state *state) {
  struct arguments *arguments = state->input;
  switch (key) {
  case 'a':
    arguments->all = true;
    return 0;
  case 'j':
    arguments->json = true;
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num > 1)
      argp_failure(state, NCK_EXIT_USAGE, 0, "two reports at a time");
    arguments->targets[state->arg_num] = value;
    return 0;
  case ARGP_KEY_END:
    if (state->arg_num < 2)
      argp_failure(state, NCK_EXIT_USAGE, 0, "which two reports or records?");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option rows[] = {
    {"all", 'a', NULL, 0, "what is unchanged too", 0},
    {"json", 'j', NULL, 0, "as JSON on stdout", 0},
    {0},
};
static const struct argp argp = {
    .options = rows,
    .parser = parse,
    .args_doc = "BEFORE AFTER",
    .doc = "Compare two reports (JSON) or records: what is new, grown, shrunk, gone.\v"
           "Example:\n  napicheck diff main.json branch.json\n\n"
           "Exit status: 0, 23 when errors or leaks are new or grown that are not accepted there, "
           "2 for "
           "bad input.",
};

// All findings of one fingerprint and severity, before and after: what was held and is lost now has
// got worse, though it is as many.
struct row {
  const char *fingerprint; // the reports'
  const json_t *finding;   // the first of them, the later report's when it is there
  json_int_t before, after;
  bool counts; // some of the later ones are neither suppressed nor in a baseline
};

struct row_list {
  struct row *rows;
  size_t n, capacity;
  struct nck_map by_fingerprint; // to the number of the row, from 1
};

static const char *text_of(const json_t *finding, const char *key) {
  const char *text = json_string_value(json_object_get(finding, key));
  return text ? text : "";
}

static enum nck_severity severity_in(const json_t *finding) {
  return nck_severity_find(text_of(finding, "severity"));
}

static void note_findings(struct row_list *list, const json_t *report, bool after) {
  static const char *const keys[] = {"findings", "accepted_findings"};
  for (size_t k = 0; k < 2; k++) {
    const json_t *findings = json_object_get(report, keys[k]);
    for (size_t i = 0; i < json_array_size(findings); i++) {
      const json_t *finding = json_array_get(findings, i);
      const char *fingerprint = text_of(finding, "fingerprint");
      uint64_t key = nck_map_hash(fingerprint) + (uint64_t)severity_in(finding);
      void **place = nck_map_place(&list->by_fingerprint, key);
      if (!*place) {
        list->rows = nck_memory_grow(list->rows, &list->capacity, list->n + 1, sizeof *list->rows);
        list->rows[list->n++] = (struct row){.fingerprint = fingerprint, .finding = finding};
        *place = (void *)(uintptr_t)list->n;
      }
      struct row *row = &list->rows[(uintptr_t)*place - 1];
      json_int_t count = nck_json_count(finding);
      if (after && !row->after)
        row->finding = finding;
      row->counts |= after && k == 0;
      *(after ? &row->after : &row->before) += count;
    }
  }
}

static const char *change_of(const struct row *row) {
  return !row->before               ? "new"
         : !row->after              ? "gone"
         : row->after > row->before ? "grown"
         : row->after < row->before ? "shrunk"
                                    : "same";
}

static enum nck_severity severity_of(const struct row *row) { return severity_in(row->finding); }

static int change_rank(const struct row *row) {
  return !row->before                ? 0
         : row->after > row->before  ? 1
         : row->after == row->before ? 4
                                     : 2 + !row->after;
}

// New ones first, the worst first.
static int compare_rows(const void *left, const void *right) {
  const struct row *a = left, *b = right;
  if (change_rank(a) != change_rank(b))
    return change_rank(a) - change_rank(b);
  if (severity_of(a) != severity_of(b))
    return severity_of(a) > severity_of(b) ? -1 : 1;
  return strcmp(a->fingerprint, b->fingerprint);
}

// "make_ref at addon.c:14" of a finding's first stack.
static void print_site(const json_t *finding) {
  const json_t *stack = json_array_get(json_object_get(finding, "stacks"), 0);
  const json_t *frames = json_object_get(stack, "frames");
  const json_t *site = json_array_get(frames, 0);
  for (size_t i = 0; i < json_array_size(frames); i++) {
    const json_t *frame = json_array_get(frames, i);
    if (json_is_true(json_object_get(frame, "addon")) &&
        !json_is_true(json_object_get(frame, "binding"))) {
      site = frame;
      break;
    }
  }
  const char *function = text_of(site, "function"), *file = text_of(site, "file");
  const char *module = text_of(finding, "module");
  if (*function)
    printf("  %s", function);
  else if (*text_of(site, "offset"))
    printf("  %s+%s", text_of(site, "module"), text_of(site, "offset"));
  if (*file)
    printf(" at %s:%lld", file, (long long)json_integer_value(json_object_get(site, "line")));
  if (*module)
    printf("  (%s)", module);
}

static void print_text(const struct row_list *list, bool all) {
  uint64_t n_new = 0, n_grown = 0, n_less = 0;
  for (size_t i = 0; i < list->n; i++) {
    const struct row *row = &list->rows[i];
    n_new += !row->before;
    n_grown += row->before && row->after > row->before;
    n_less += row->after < row->before;
    if (row->before == row->after && !all)
      continue;
    printf("%-6s %-7s %-36s %lld -> %lld", change_of(row), text_of(row->finding, "severity"),
           text_of(row->finding, "kind"), (long long)row->before, (long long)row->after);
    print_site(row->finding);
    putchar('\n');
  }
  printf("napicheck: DIFF: %llu new, %llu grown, %llu shrunk or gone\n", (unsigned long long)n_new,
         (unsigned long long)n_grown, (unsigned long long)n_less);
}

static void print_json(const struct row_list *list, bool all) {
  json_t *array = json_array();
  for (size_t i = 0; i < list->n; i++) {
    const struct row *row = &list->rows[i];
    if (row->before == row->after && !all)
      continue;
    json_t *json = json_object();
    json_object_set_new(json, "change", json_string(change_of(row)));
    json_object_set_new(json, "before", json_integer(row->before));
    json_object_set_new(json, "after", json_integer(row->after));
    json_object_set(json, "finding", (json_t *)row->finding);
    json_array_append_new(array, json);
  }
  json_t *document = json_object();
  json_object_set_new(document, "schema", json_string("napicheck-diff/1"));
  json_object_set_new(document, "changes", array);
  nck_json_write(document, stdout);
  json_decref(document);
}

static bool got_worse(const struct row_list *list) {
  for (size_t i = 0; i < list->n; i++) {
    const struct row *row = &list->rows[i];
    if (row->after > row->before && row->counts && severity_of(row) >= NCK_SEVERITY_LEAK)
      return true;
  }
  return false;
}

int nck_command_diff(int argc, char **argv) {
  struct arguments arguments = {.all = false};
  nck_cli_check(argc, argv, rows, 0);
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  struct row_list list = {0};
  json_t *reports[2] = {NULL, NULL};
  int status = 0;
  for (int i = 0; i < 2 && !status; i++) {
    struct nck_error error = {""};
    reports[i] = nck_load_report(arguments.targets[i], &error);
    if (reports[i]) {
      note_findings(&list, reports[i], i == 1);
    } else {
      nck_error_print(&error);
      status = NCK_EXIT_USAGE;
    }
  }
  if (!status) {
    if (list.n)
      qsort(list.rows, list.n, sizeof *list.rows, compare_rows);
    (arguments.json ? print_json : print_text)(&list, arguments.all);
    status = got_worse(&list) ? NCK_EXIT_FINDINGS : 0;
  }
  free(list.rows);
  nck_map_drop(&list.by_fingerprint);
  json_decref(reports[0]);
  json_decref(reports[1]);
  return status;
}
