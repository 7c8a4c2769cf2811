// cli.h: the subcommands, and what their command lines share.
#ifndef NAPICHECK_REPORTS_CLI_H
#define NAPICHECK_REPORTS_CLI_H

#include <argp.h>

#include "error.h"
#include "options.h"

// Each gets argv[0] = "napicheck COMMAND" and returns the exit status.
int nck_command_report(int argc, char **argv);
int nck_command_explain(int argc, char **argv);
int nck_command_suppress(int argc, char **argv);
int nck_command_diff(int argc, char **argv);
int nck_command_run(int argc, char **argv);
int nck_command_top(int argc, char **argv);
int nck_command_clean(int argc, char **argv);

// Every key of options.def as a long option, for argp's children; its input is a struct
// nck_options.
extern const struct argp nck_cli_options;

// Readies argp: `--help` shows the options that are used most, `--help=all` each.
// Exits with one line, the nearest name in it, when an option is not known: argp would not say
// which was meant, and takes three lines. `own`: the command's own options, NULL none.
enum nck_cli_flags {
  NCK_CLI_OPTIONS = 1, // takes the keys of options.def
  NCK_CLI_IN_ORDER = 2 // what follows the first argument that is no option is not ours
};
void nck_cli_check(int argc, char **argv, const struct argp_option *own, unsigned flags);

// The name of the folder in which one run keeps its records begins so.
#define NCK_RUN_FOLDER_PREFIX "napicheck-run-"

// Prints a complaint of the options' parser; `arg` is not used.
void nck_cli_complain(const char *line, void *arg);

#endif
