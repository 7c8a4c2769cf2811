// command_suppress.c: `napicheck suppress FILE`: suppression lines for what a report holds.
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "kinds.h"
#include "load.h"
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

// Several findings may share a line: their counts are summed in its comment.
static void print_lines(const json_t *findings, bool all) {
  size_t n = json_array_size(findings);
  for (size_t i = 0; i < n; i++) {
    const json_t *finding = json_array_get(findings, i);
    const char *line = text_of(finding, "suppression");
    if (!*line || (!all && nck_severity_find(text_of(finding, "severity")) <= NCK_SEVERITY_NOTE))
      continue;
    json_int_t count = 0;
    bool first = true;
    for (size_t other = 0; other < n; other++) {
      const json_t *same = json_array_get(findings, other);
      if (!strcmp(text_of(same, "suppression"), line)) {
        first &= other >= i;
        count += json_integer_value(json_object_get(same, "count"));
      }
    }
    if (!first)
      continue;
    const char *module = text_of(finding, "package");
    if (!*module)
      module = text_of(finding, "module");
    printf("# %s, %lld in %s\n%s\n", text_of(finding, "severity"), (long long)count,
           *module ? module : "an unknown module", line);
  }
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
