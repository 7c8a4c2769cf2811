// command_explain.c: `napicheck explain [KIND]`.
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "kinds.h"
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
    .doc = "Say what a finding means and what to do; without KIND, list all of them.\v"
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
}

static void print_kind(const struct nck_kind *kind) {
  printf("%s (%s, checks=%s)\n\n", kind->word, nck_severity_word(kind->severity), kind->group);
  printf("What:       %s.\n", kind->title);
  printf("What to do: %s.\n", kind->advice);
}

int nck_command_explain(int argc, char **argv) {
  const char *word = NULL;
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
  print_kind(&nck_kinds[kind]);
  return 0;
}
