// main.c: `napicheck COMMAND`.
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "error.h"
#include "kinds.h"
#include "output.h"
#include "policy.h"
#include "version.h"

static const struct command {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *arguments, *summary;
} commands[] = {
    {"run", nck_command_run, "[options] -- COMMAND", "a command with all its processes"},
    {"report", nck_command_report, "[options] FILE|DIR|PID", "a record's report, a live one's too"},
    {"top", nck_command_top, "[options] PID", "watch a running process"},
    {"diff", nck_command_diff, "BEFORE AFTER", "what is new, grown, gone"},
    {"explain", nck_command_explain, "[KIND]", "what a finding means, what to do"},
    {"suppress", nck_command_suppress, "FILE", "suppression lines for a report"},
    {"clean", nck_command_clean, "[options] [DIR...]", "what dead processes left"},
};

static const char usage[] =
    "napicheck: finds what native Node-API addons leak and misuse, and names the line\n"
    "\n"
    "  LD_PRELOAD=/path/libnapicheck.so node app.js   report on stderr, status 23\n";

static void print_help(FILE *out) {
  fputs(usage, out);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    char form[64];
    snprintf(form, sizeof form, "%s %s", commands[i].name, commands[i].arguments);
    fprintf(out, "  napicheck %-31s  %s\n", form, commands[i].summary);
  }
  fputs("\n"
        "Example:\n"
        "  napicheck run --format=text,json=napicheck.json -- npm test\n"
        "\n"
        "`napicheck COMMAND --help` lists a command's options. With LD_PRELOAD the same\n"
        "go into NAPICHECK_OPTIONS=key=value:key=value (help=1 prints them all).\n",
        out);
}

// Else a file of ours would get the number of one that the caller has closed, and with it what is
// said there. What `run` launches finds them closed, as they were given.
static void fill_standard_descriptors(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
      return;
}

// What a full disk has swallowed must not look like success.
static void close_output(void) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout))
    return;
  struct nck_error error;
  nck_error_set(&error, "cannot write the output: %s", strerror(errno ? errno : EIO));
  if (!nck_output_is_said)
    nck_error_print(&error);
  _exit(NCK_EXIT_USAGE);
}

int main(int argc, char **argv) {
  atexit(close_output);
  fill_standard_descriptors();
  argp_err_exit_status = NCK_EXIT_USAGE;
  argp_program_version = "napicheck " NCK_VERSION;
  const char *name = argc > 1 ? argv[1] : "--help";
  if (!strcmp(name, "--help") || !strcmp(name, "-?") || !strcmp(name, "help")) {
    print_help(argc > 1 ? stdout : stderr);
    return argc > 1 ? 0 : NCK_EXIT_USAGE;
  }
  if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
    puts(argp_program_version);
    return 0;
  }
  const char *names[sizeof commands / sizeof *commands];
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    names[i] = commands[i].name;
    if (!strcmp(commands[i].name, name)) {
      static char program[64];
      snprintf(program, sizeof program, "napicheck %s", name);
      argv[1] = program;
      return commands[i].run(argc - 1, argv + 1);
    }
  }
  const char *nearest = nck_word_nearest(name, names, sizeof names / sizeof *names);
  if (nearest)
    fprintf(stderr, "napicheck: unknown command `%s'; did you mean `%s'?\n", name, nearest);
  else
    fprintf(stderr, "napicheck: unknown command `%s'; see napicheck --help\n", name);
  return NCK_EXIT_USAGE;
}
