// cli.c: what the subcommands' command lines share.
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "policy.h"

#define FIRST_KEY 1000

// The key `help` has no name here: --help is argp's own.
static struct argp_option long_options[] = {
#define VALUE_INT "N", 0
#define VALUE_BOOL "0|1", OPTION_ARG_OPTIONAL
#define VALUE_STRING "TEXT", 0
#define VALUE_LIST "LIST", 0
#define VALUE_FILES "FILES", 0
#define VALUE_CHOICE_JS_STACKS "WORD", 0
#define VALUE_CHOICE_ON_ERROR "WORD", 0
#define VALUE_CHOICE_COLOR "WORD", 0
#define VALUE_CHOICE_HISTORY "WORD", 0
#define IF_NOT_HELP(name, value) (NCK_OPTION_##name == NCK_OPTION_help ? NULL : (value))
#define NCK_OPTION(name, type, initial, text)                                                      \
  {IF_NOT_HELP(name, #name), FIRST_KEY + NCK_OPTION_##name,                                        \
   VALUE_##type | (NCK_OPTION_##name == NCK_OPTION_help ? OPTION_HIDDEN : 0),                      \
   IF_NOT_HELP(name, text), 1},
#include "napicheck/options.def"
#undef NCK_OPTION
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state) {
  struct nck_options *options = state->input;
  if (key < FIRST_KEY || key >= FIRST_KEY + NCK_N_OPTIONS)
    return ARGP_ERR_UNKNOWN;
  struct nck_error error = {""};
  if (!nck_options_set(options, (enum nck_option_key)(key - FIRST_KEY), value ? value : "1",
                       &error))
    argp_failure(state, NCK_EXIT_USAGE, 0, "%s", error.text);
  return 0;
}

const struct argp nck_cli_options = {.options = long_options, .parser = parse_option};

// What `--help` shows, in words that leave it on one screen; `--help=all` shows every row.
static const struct {
  enum nck_option_key key;
  const char *argument, *text;
} often[] = {
    {NCK_OPTION_format, "LIST", "text, json, sarif, junit, html, github, folded"},
    {NCK_OPTION_exitcode, "N", "exit status when findings remain; 0: off (23)"},
    {NCK_OPTION_fail_on, "LIST", "severities or kinds that count (error,leak)"},
    {NCK_OPTION_show, "LIST", "severities in the text (error,leak,warning)"},
    {NCK_OPTION_leak_check, "LIST", "lost, growing, all, none (lost,growing)"},
    {NCK_OPTION_suppressions, "FILES", "suppression files, besides napicheck.supp"},
    {NCK_OPTION_baseline, "FILE", "accepted findings: only new or grown ones count"},
    {NCK_OPTION_require, "GLOB", "addons that must have been seen, else exit 24"},
};

static void shorten_help(void) {
  for (int i = 0; i < NCK_N_OPTIONS; i++)
    long_options[i].flags |= OPTION_HIDDEN;
  for (size_t i = 0; i < sizeof often / sizeof *often; i++) {
    struct argp_option *option = &long_options[often[i].key];
    option->flags &= ~OPTION_HIDDEN;
    option->arg = often[i].argument;
    option->doc = often[i].text;
  }
}

// Abbreviations, which getopt would take, are refused: a script that uses one breaks with the next
// option.
static bool is_known(const char *name, size_t length, const char *const *names, size_t n_names) {
  for (size_t i = 0; i < n_names; i++) {
    if (!strncmp(names[i], name, length) && !names[i][length])
      return true;
  }
  return false;
}

static void exit_unknown(const char *option, const char *nearest) {
  struct nck_error error;
  nck_error_set(&error,
                nearest ? "unknown option %.60s; did you mean --%s?" : "unknown option %.60s",
                option, nearest);
  nck_error_print(&error);
  exit(NCK_EXIT_USAGE);
}

void nck_cli_check(int argc, char **argv, const struct argp_option *own, unsigned flags) {
  const char *names[NCK_N_OPTIONS + 16] = {"help", "usage", "version"};
  char letters[20] = "?V";
  size_t n_names = 3, n_letters = 2;
  for (int i = 0; flags & NCK_CLI_OPTIONS && i < NCK_N_OPTIONS; i++)
    names[n_names++] = nck_option_rows[i].name;
  for (size_t i = 0; own && own[i].name && i < 13; i++) {
    names[n_names++] = own[i].name;
    if (own[i].key > ' ' && own[i].key < 0x7f)
      letters[n_letters++] = (char)own[i].key;
  }
  static char help[] = "--help";
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-?"))
      shorten_help();
    else if (!strcmp(argv[i], "--help=all"))
      argv[i] = help;
    const char *given = argv[i];
    if (given[0] != '-' || given[1] == '\0') {
      if (flags & NCK_CLI_IN_ORDER)
        return;
      continue;
    }
    if (given[1] != '-') {
      if (given[1 + strspn(given + 1, letters)] != '\0')
        exit_unknown(given, NULL);
      continue;
    }
    size_t length = strcspn(given + 2, "=");
    if (is_known(given + 2, length, names, n_names))
      continue;
    char name[64];
    snprintf(name, sizeof name, "--%.*s", (int)(length < 60 ? length : 60), given + 2);
    exit_unknown(name, nck_word_nearest(name + 2, names, n_names));
  }
}

void nck_cli_complain(const char *line, void *arg) {
  (void)arg;
  fprintf(stderr, "napicheck: %s\n", line);
}
