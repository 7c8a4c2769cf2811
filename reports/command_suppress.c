// command_suppress.c: `napicheck suppress FILE`: suppression lines for what a report holds.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "json.h"
#include "kinds.h"
#include "load.h"
#include "memory.h"
#include "policy.h"

struct arguments {
  const char *target;
  bool all;
};

static error_t parse(int key, char *value, struct argp_state *state) {
  struct arguments *arguments = state->input;
  switch (key) {
  case 'a':
    arguments->all = true;
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num)
      argp_failure(state, NCK_EXIT_USAGE, 0, "one report at a time");
    arguments->target = value;
    return 0;
  case ARGP_KEY_NO_ARGS:
    argp_failure(state, NCK_EXIT_USAGE, 0, "which report or record?");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option rows[] = {
    {"all", 'a', NULL, 0, "notes too, not only what counts or warns", 0},
    {0},
};
static const struct argp argp = {
    .options = rows,
    .parser = parse,
    .args_doc = "FILE|DIR|PID",
    .doc = "Print suppression lines for what a report (JSON) or a record holds.\v"
           "Example:\n  napicheck suppress napicheck.json >> napicheck.supp",
};

static const char *text_of(const json_t *finding, const char *key) {
  const char *text = json_string_value(json_object_get(finding, key));
  return text ? text : "";
}

// What one line stands for: several findings may share it.
struct line {
  const json_t *finding; // the first of them
  json_int_t count;
};

static bool is_wanted(const json_t *finding, bool all) {
  return *text_of(finding, "suppression") &&
         (all || nck_severity_find(text_of(finding, "severity")) > NCK_SEVERITY_NOTE);
}

static void print_line(const struct line *line) {
  const char *module = text_of(line->finding, "package");
  if (!*module)
    module = text_of(line->finding, "module");
  printf("# %s, %lld in %s\n%s\n", text_of(line->finding, "severity"), (long long)line->count,
         *module ? module : "an unknown module", text_of(line->finding, "suppression"));
}

static void print_lines(const json_t *findings, bool all) {
  size_t n = json_array_size(findings), n_lines = 0;
  struct line *lines = nck_memory_take(n + 1, sizeof *lines);
  struct nck_map by_text = {0};
  for (size_t i = 0; i < n; i++) {
    const json_t *finding = json_array_get(findings, i);
    if (!is_wanted(finding, all))
      continue;
    void **place = nck_map_place(&by_text, nck_map_hash(text_of(finding, "suppression")));
    if (!*place) {
      lines[n_lines].finding = finding;
      *place = &lines[n_lines++];
    }
    ((struct line *)*place)->count += nck_json_count(finding);
  }
  for (size_t i = 0; i < n_lines; i++)
    print_line(&lines[i]);
  nck_map_drop(&by_text);
  free(lines);
}

int nck_command_suppress(int argc, char **argv) {
  struct arguments arguments = {.target = NULL};
  nck_cli_check(argc, argv, rows, 0);
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  struct nck_error error = {""};
  json_t *report = nck_load_report(arguments.target, &error);
  if (!report) {
    nck_error_print(&error);
    return NCK_EXIT_USAGE;
  }
  print_lines(json_object_get(report, "findings"), arguments.all);
  json_decref(report);
  return 0;
}
