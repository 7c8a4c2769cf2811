// command_explain.c: `napicheck explain [KIND]`.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "kinds.h"
#include "outputs.h"
#include "pages.h"
#include "policy.h"

static error_t parse(int key, char *value, struct argp_state *state) {
  if (key != ARGP_KEY_ARG)
    return ARGP_ERR_UNKNOWN;
  if (state->arg_num)
    argp_failure(state, NCK_EXIT_USAGE, 0, "one kind at a time");
  *(const char **)state->input = value;
  return 0;
}

static const struct argp argp = {
    .parser = parse,
    .args_doc = "[KIND]",
    .doc =
        "Say what a finding means, why it matters, and what to do, with the smallest example of it "
        "and its fix in C, C++ and Rust; without KIND, list all of them.\v"
        "Example:\n  napicheck explain leaked-reference",
};

static void print_list(void) {
  const char *group = "";
  for (int i = 0; i < NCK_N_FINDINGS; i++) {
    if (strcmp(group, nck_kinds[i].group) != 0)
      printf("%s%s\n", *group ? "\n" : "", nck_kinds[i].group);
    group = nck_kinds[i].group;
    printf("  %-38s %s\n", nck_kinds[i].word, nck_kinds[i].title);
  }
  printf("\n`napicheck explain KIND' shows the page of one, with examples and the fix.\n");
}

// What is piped into a pager takes the terminal's width from the environment, where it stands.
static unsigned page_width(void) {
  const char *columns = getenv("COLUMNS");
  unsigned long width = columns && !isatty(STDOUT_FILENO) ? strtoul(columns, NULL, 10) : 0;
  return width >= 40 && width <= 200 ? (unsigned)width : nck_output_width(stdout);
}

int nck_command_explain(int argc, char **argv) {
  const char *word = NULL;
  nck_cli_check(argc, argv, NULL, 0);
  argp_parse(&argp, argc, argv, 0, NULL, &word);
  if (!word) {
    print_list();
    return 0;
  }
  int kind = nck_kind_find(word);
  if (kind < 0) {
    const char *words[NCK_N_FINDINGS];
    for (int i = 0; i < NCK_N_FINDINGS; i++)
      words[i] = nck_kinds[i].word;
    const char *nearest = nck_word_nearest(word, words, NCK_N_FINDINGS);
    struct nck_error error;
    nck_error_set(&error, nearest ? "unknown kind `%s'; did you mean `%s'?" : "unknown kind `%s'",
                  word, nearest);
    nck_error_print(&error);
    return NCK_EXIT_USAGE;
  }
  nck_page_print(nck_pages[kind], page_width(), nck_output_color("auto", stdout), stdout);
  return 0;
}
