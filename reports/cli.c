// cli.c: what the subcommands' command lines share.
#include "cli.h"

#include <stdio.h>

#define FIRST_KEY 1000

// The key `help` has no name here: --help is argp's own.
static const struct argp_option long_options[] = {
#define VALUE_INT "N", 0
#define VALUE_BOOL "0|1", OPTION_ARG_OPTIONAL
#define VALUE_STRING "TEXT", 0
#define VALUE_LIST "LIST", 0
#define VALUE_FILES "FILES", 0
#define VALUE_CHOICE_JS_STACKS "WORD", 0
#define VALUE_CHOICE_ON_ERROR "WORD", 0
#define VALUE_CHOICE_COLOR "WORD", 0
#define VALUE_CHOICE_HISTORY "WORD", 0
#define NCK_OPTION(name, type, initial, text)                                                      \
  {NCK_OPTION_##name == NCK_OPTION_help ? NULL : #name, FIRST_KEY + NCK_OPTION_##name,             \
   VALUE_##type | (NCK_OPTION_##name == NCK_OPTION_help ? OPTION_HIDDEN : 0), text, 1},
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
    argp_error(state, "%s", error.text);
  return 0;
}

const struct argp nck_cli_options = {.options = long_options, .parser = parse_option};

void nck_cli_complain(const char *line, void *arg) {
  (void)arg;
  fprintf(stderr, "napicheck: %s\n", line);
}
