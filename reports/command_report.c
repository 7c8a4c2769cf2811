// command_report.c: `napicheck report FILE|DIR|PID`, and what the library asks for: the report at a
// process's end (--at-exit), the verdict on a worker that ends (--ended-thread), the answer to
// napicheck_leak_check (--since).
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alive.h"
#include "build.h"
#include "cli.h"
#include "collect.h"
#include "load.h"
#include "outputs.h"
#include "policy.h"
#include "process.h"
#include "symbolize.h"
#include "worker.h"

enum { KEY_AT_EXIT = 2000, KEY_ENDED_THREAD, KEY_SINCE, KEY_CHECKPOINT };

struct arguments {
  struct nck_options options;
  const char *target;
  bool at_exit;
  uint32_t ended_thread; // 0: not asked for
  bool since;
  uint64_t since_ns;
  const char *checkpoint;
};

static error_t parse(int key, char *value, struct argp_state *state) {
  struct arguments *arguments = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &arguments->options;
    return 0;
  case KEY_AT_EXIT:
    arguments->at_exit = true;
    return 0;
  case KEY_ENDED_THREAD:
    arguments->ended_thread = (uint32_t)strtoul(value, NULL, 10);
    return 0;
  case KEY_SINCE:
    arguments->since = true;
    arguments->since_ns = strtoull(value, NULL, 10);
    return 0;
  case KEY_CHECKPOINT:
    arguments->checkpoint = value;
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num)
      argp_failure(state, NCK_EXIT_USAGE, 0, "one record, folder or process at a time");
    arguments->target = value;
    return 0;
  case ARGP_KEY_NO_ARGS:
    argp_failure(state, NCK_EXIT_USAGE, 0, "which record, folder of records or process?");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option rows[] = {
    {"at-exit", KEY_AT_EXIT, NULL, OPTION_HIDDEN, NULL, 0},
    {"ended-thread", KEY_ENDED_THREAD, "ROW", OPTION_HIDDEN, NULL, 0},
    {"since", KEY_SINCE, "NS", OPTION_HIDDEN, NULL, 0},
    {"checkpoint", KEY_CHECKPOINT, "TEXT", OPTION_HIDDEN, NULL, 0},
    {0},
};
static const struct argp_child children[] = {{&nck_cli_options, 0, "Options:", 1}, {0}};
static const struct argp argp = {
    .options = rows,
    .parser = parse,
    .args_doc = "FILE|DIR|PID",
    .doc =
        "Render a record: a finished one, that of a killed process, all of a folder, or that of a "
        "live process.\v"
        "Example:\n"
        "  napicheck report --format=text,json=out.json /tmp/records/node-4711.napicheck\n\n"
        "--help=all lists every option, napicheck(1) says more.\n\n"
        "Exit status: 0, 23 when findings remain, 24 when require= is not met, 2 for bad input.",
    .children = children,
};

// Who asks about a process that runs often wants to know why it does not end.
static void note_alive(struct nck_report *report, const struct nck_record *record) {
  struct nck_text lines = {0};
  nck_alive_tell(record, &lines);
  for (const char *at = lines.text; at && *at;) {
    size_t length = strcspn(at, "\n");
    nck_report_add_note(report, "%.*s", (int)length, at);
    at += length + (at[length] == '\n');
  }
  nck_text_drop(&lines);
}

// One record of several that cannot be read does not hide the others: it is said, and the status
// is 2.
static bool add_records(struct nck_report *report, const struct nck_paths *list,
                        const struct arguments *arguments, struct nck_options *effective,
                        char **folder) {
  bool good = true;
  if (!arguments->at_exit)
    nck_symbolize_ask_servers();
  for (size_t i = 0; i < list->n; i++) {
    struct nck_record record;
    struct nck_error error = {""};
    if (!nck_record_open(&record, list->paths[i], &error)) {
      nck_error_print(&error);
      good = false;
      continue;
    }
    struct nck_options options;
    nck_build_options(&options, &record, &arguments->options, arguments->at_exit);
    nck_build_add(report, &record, &options, nck_outputs_need_sites(&options));
    const struct nck_report_process *process = report->processes[report->n_processes - 1];
    if (!arguments->at_exit && !strcmp(process->end_how, "running"))
      note_alive(report, &record);
    if (report->n_processes == 1) {
      *effective = options;
      *folder = nck_memory_text(nck_record_string(&record, record.header.cwd));
      if (arguments->at_exit)
        nck_process_find_root(record.header.pid, &report->root_pid, &report->root_start_ticks);
      else {
        report->root_pid = record.header.pid;
        report->root_start_ticks = record.header.start_ticks;
      }
    } else {
      nck_options_drop(&options);
    }
    nck_record_drop(&record);
  }
  return good;
}

static int make_report(const struct arguments *arguments, const struct nck_paths *list) {
  struct nck_report report = {0};
  struct nck_options options = {0};
  char *folder = NULL;
  bool good = add_records(&report, list, arguments, &options, &folder);
  int status = NCK_EXIT_USAGE;
  if (report.n_processes) {
    // Relative names in the program's options mean the folder in which it began.
    // Where that folder is gone they mean the one in which it ended.
    if (arguments->at_exit && *folder && chdir(folder) != 0)
      errno = 0;
    // Files of options that stand on the command line are the caller's; those of the record were
    // named in its program's folder.
    const struct nck_build_files files = {.folder = folder, .over = &arguments->options};
    good &= nck_build_finish(&report, &options, &files, nck_policy_own_code(&report));
    // One process of several has a part of what a baseline accepts.
    if (arguments->at_exit && report.root_pid != report.processes[0]->pid)
      report.notes_matter = false;
    report.summary.replaced = arguments->at_exit && !strcmp(report.processes[0]->end_how, "exec");
    struct nck_outputs outputs = {
        .options = &options,
        .stream = arguments->at_exit ? stderr : stdout,
        .record = arguments->at_exit ? list->paths[0] : NULL,
        .asked = !arguments->at_exit,
        .shared = arguments->at_exit,
    };
    bool lost;
    good &= nck_outputs_write(&outputs, &report, &lost);
    // At a program's end an output that cannot be written is said, and the verdict stands.
    if (good || arguments->at_exit)
      status = report.summary.verdict;
    if (!lost && arguments->at_exit && !nck_options_bool(&options, NCK_OPTION_keep_record))
      unlink(list->paths[0]);
    nck_options_drop(&options);
  }
  free(folder);
  nck_report_drop(&report);
  return status;
}

// The process goes on and its own report will say what goes wrong here.
static int tell_meanwhile(const struct arguments *arguments) {
  struct nck_record record;
  struct nck_error error = {""};
  if (!nck_record_open(&record, arguments->target, &error))
    return 0;
  struct nck_report report = {0};
  struct nck_options options;
  nck_build_options(&options, &record, &arguments->options, true);
  if (arguments->since)
    nck_collect_since(&report, &record, &options, arguments->since_ns);
  else
    nck_collect_worker(&report, &record, &options, arguments->ended_thread);
  nck_build_add_suppressions(&report, &record);
  size_t n = 0;
  const struct nck_build_files files = {.folder = nck_record_string(&record, record.header.cwd),
                                        .quiet = true};
  if (nck_build_finish(&report, &options, &files, 0)) {
    nck_worker_tell(&report, &options, arguments->checkpoint, stderr);
    n = nck_policy_count(&report, &options);
  }
  nck_report_drop(&report);
  nck_options_drop(&options);
  nck_record_drop(&record);
  if (!arguments->since)
    return 0;
  return NCK_ANSWER_BASE + (int)(n < NCK_ANSWER_MOST ? n : NCK_ANSWER_MOST);
}

int nck_command_report(int argc, char **argv) {
  struct arguments arguments = {.target = NULL};
  nck_options_new(&arguments.options);
  nck_cli_check(argc, argv, rows, NCK_CLI_OPTIONS);
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  if (arguments.ended_thread || arguments.since) {
    int answer = tell_meanwhile(&arguments);
    nck_options_drop(&arguments.options);
    return answer;
  }
  struct nck_paths list = {0};
  struct nck_error error = {""};
  int status = NCK_EXIT_USAGE;
  if (nck_load_find(&list, arguments.target, &error))
    status = make_report(&arguments, &list);
  else
    nck_error_print(&error);
  nck_load_drop(&list);
  nck_options_drop(&arguments.options);
  return status;
}
