// command_run.c: `napicheck run -- COMMAND`: launches a program under the library and reports on
// all its processes.
//
// The library of every process puts its record into one folder of ours (NAPICHECK_RUN) and leaves
// the report to us, so what was killed is reported too. The program keeps its terminal, its process
// group and its exit status.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alive.h"
#include "build.h"
#include "cli.h"
#include "load.h"
#include "outputs.h"
#include "policy.h"
#include "process.h"

#define LIBRARY "libnapicheck.so"
#define GRACE_SECONDS 5
#define NOT_EXECUTABLE 126
#define NOT_FOUND 127

extern char **environ;

struct launch {
  struct nck_options options;   // the command line's
  struct nck_options effective; // with the environment's
  char **command;
  char *folder;  // of the records
  char *library; // to preload
  pid_t pid;
  int status; // as waitpid gives it
  bool timed_out;
  unsigned n_running;    // as last counted
  struct nck_text alive; // lines: what kept the processes alive when the time was over
};

static error_t parse(int key, char *value, struct argp_state *state) {
  struct launch *launch = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &launch->options;
    return 0;
  case ARGP_KEY_ARG:
    // The rest is the command, options and all.
    launch->command = &state->argv[state->next - 1];
    state->next = state->argc;
    (void)value;
    return 0;
  case ARGP_KEY_NO_ARGS:
    argp_failure(state, NCK_EXIT_USAGE, 0, "which command?");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {
    {&nck_cli_options, 0, "Options, as in NAPICHECK_OPTIONS:", 1}, {0}};
static const struct argp argp = {
    .parser = parse,
    .args_doc = "-- COMMAND [ARGUMENT...]",
    .doc = "Run a command with all its processes under napicheck and report on them together.\v"
           "Example:\n"
           "  napicheck run --format=text,json=napicheck.json -- npm test\n\n"
           "--help=all lists every option, napicheck(1) says more.\n\n"
           "Exit status: the command's own unless it is 0; then 23 when findings remain, 24 when "
           "require= is "
           "not met. 2: bad options, 126 and 127: the command cannot be started.",
    .children = children,
};

static bool read_environment_options(struct launch *launch) {
  nck_options_new(&launch->effective);
  const char *given = getenv("NAPICHECK_OPTIONS");
  bool good = nck_options_parse(&launch->effective, given ? given : "", nck_cli_complain, NULL);
  struct nck_error ignored;
  for (int key = 0; key < NCK_N_OPTIONS; key++) {
    if (launch->options.given[key])
      nck_options_set(&launch->effective, (enum nck_option_key)key, launch->options.values[key],
                      &ignored);
  }
  return good;
}

// The library stands beside this program, or where an installation puts libraries.
static char *find_library(struct nck_error *error) {
  static const char *const places[] = {"",
                                       "../lib/",
                                       "../lib/napicheck/",
                                       "../lib64/",
                                       "../lib/x86_64-linux-gnu/",
                                       "../lib/aarch64-linux-gnu/"};
  char *self = realpath("/proc/self/exe", NULL);
  char *slash = self ? strrchr(self, '/') : NULL;
  if (slash)
    slash[1] = '\0';
  char *found = NULL;
  for (size_t i = 0; slash && !found && i < sizeof places / sizeof *places; i++) {
    struct nck_text path = {0};
    nck_text_add(&path, "%s%s%s", self, places[i], LIBRARY);
    found = realpath(path.text, NULL);
    nck_text_drop(&path);
  }
  if (!found)
    nck_error_set(error, "%s is not where this program looks for it: beside %s or in ../lib",
                  LIBRARY, self ? self : "it");
  // LD_PRELOAD is a list: such a name cannot stand in it.
  if (found && strpbrk(found, ": ")) {
    nck_error_set(error, "%s cannot be preloaded: its path has a blank or a colon", found);
    free(found);
    found = NULL;
  }
  free(self);
  return found;
}

// As long as we live `napicheck clean` leaves the records of processes that have ended to us. The
// descriptor goes with us; where it cannot be had, nothing else depends on it.
static void lock_folder(const char *folder) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 && flock(fd, LOCK_SH) != 0)
    close(fd);
}

// The folder that record= names, with its whole path, as the program may go elsewhere; NULL when it
// names none. The caller frees.
static char *find_parent(const struct nck_options *options) {
  const char *given = nck_options_text(options, NCK_OPTION_record);
  struct stat status;
  if (!*given)
    return NULL;
  char *path = realpath(given, NULL);
  if (path && stat(path, &status) == 0 && S_ISDIR(status.st_mode) && access(path, W_OK | X_OK) == 0)
    return path;
  struct nck_error error;
  nck_error_set(&error,
                "record=%s is no folder to write to, which a run wants: its records are kept in "
                "the usual place",
                given);
  nck_error_print(&error);
  free(path);
  return NULL;
}

static char *make_folder(const struct nck_options *options, struct nck_error *error) {
  char *wanted = find_parent(options);
  const char *parents[5] = {wanted, getenv("XDG_RUNTIME_DIR"), "/dev/shm", getenv("TMPDIR"),
                            "/tmp"};
  char *folder = NULL;
  for (size_t i = 0; i < 5 && !folder; i++) {
    struct stat status;
    if (!parents[i] || *parents[i] != '/' || stat(parents[i], &status) != 0 ||
        !S_ISDIR(status.st_mode))
      continue;
    struct nck_text path = {0};
    nck_text_add(&path, "%s/" NCK_RUN_FOLDER_PREFIX "XXXXXX", parents[i]);
    if (mkdtemp(path.text)) { // 0700
      lock_folder(path.text);
      folder = path.text;
    } else {
      nck_text_drop(&path);
    }
  }
  free(wanted);
  if (!folder)
    nck_error_set(error,
                  "no folder for the records: none of $XDG_RUNTIME_DIR, /dev/shm, $TMPDIR and "
                  "/tmp can be written to");
  return folder;
}

static void set_environment(const struct launch *launch) {
  const char *preload = getenv("LD_PRELOAD");
  struct nck_text text = {0};
  nck_text_add(&text, "%s%s%s", launch->library, preload && *preload ? ":" : "",
               preload ? preload : "");
  setenv("LD_PRELOAD", text.text, 1);
  nck_text_drop(&text);
  char *options = nck_options_print(&launch->effective);
  setenv("NAPICHECK_OPTIONS", options, 1);
  free(options);
  setenv("NAPICHECK_RUN", launch->folder, 1);
}

// Signals that are waited for instead of being handled.
static void watched_signals(sigset_t *set) {
  static const int numbers[] = {SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};
  sigemptyset(set);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    sigaddset(set, numbers[i]);
}

// 0, or the status to exit with.
static int start(struct launch *launch, const sigset_t *before) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask(&attributes, before);
  int code =
      posix_spawnp(&launch->pid, launch->command[0], NULL, &attributes, launch->command, environ);
  posix_spawnattr_destroy(&attributes);
  if (!code)
    return 0;
  struct nck_error error;
  nck_error_set(&error, "cannot start %s: %s", launch->command[0], strerror(code));
  nck_error_print(&error);
  return code == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

static time_t now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

// Every process of the run that still runs, as far as it has a record.
static void each_running(struct launch *launch,
                         void (*tell)(struct launch *launch, const struct nck_record *record)) {
  struct nck_paths list = {0};
  struct nck_error ignored;
  if (nck_load_find(&list, launch->folder, &ignored)) {
    for (size_t i = 0; i < list.n; i++) {
      struct nck_record record;
      if (!nck_record_open(&record, list.paths[i], &ignored))
        continue;
      if (nck_process_is_alive(record.header.pid, record.header.start_ticks))
        tell(launch, &record);
      nck_record_drop(&record);
    }
  }
  nck_load_drop(&list);
}

static void tell_alive(struct launch *launch, const struct nck_record *record) {
  if (record->header.state == NCK_PROCESS_RUNNING)
    nck_alive_tell(record, &launch->alive);
}

static void end_one(uint32_t pid, void *arg) {
  const struct launch *launch = arg;
  if ((pid_t)pid != launch->pid)
    kill((pid_t)pid, launch->timed_out ? SIGKILL : SIGTERM);
}

static void end_stranger(struct launch *launch, const struct nck_record *record) {
  if (!nck_process_is_in_run(record->header.pid, launch->folder))
    end_one(record->header.pid, launch);
}

// All that the program has started: those with our variable in their environment, whether they have
// loaded an addon or not, and those with a record that have another environment.
static void end_processes(struct launch *launch) {
  each_running(launch, end_stranger);
  nck_process_each_in_run(launch->folder, end_one, launch);
}

// The time is over: first it is told politely. What kept it alive is looked up before, since ending
// takes it away.
static void end_program(struct launch *launch) {
  if (!launch->timed_out) {
    each_running(launch, tell_alive);
    fprintf(stderr, "napicheck: timeout=%s: the program still runs and is ended now\n",
            nck_options_text(&launch->effective, NCK_OPTION_timeout));
  }
  kill(launch->pid, launch->timed_out ? SIGKILL : SIGTERM);
  end_processes(launch);
  launch->timed_out = true;
}

static void wait_for_end(struct launch *launch, const sigset_t *signals) {
  int timeout = nck_options_int(&launch->effective, NCK_OPTION_timeout);
  time_t deadline = timeout ? now_seconds() + timeout : 0;
  while (waitpid(launch->pid, &launch->status, WNOHANG) == 0) {
    struct timespec pause = {.tv_sec = 3600};
    time_t now = now_seconds();
    if (deadline)
      pause.tv_sec = deadline > now ? deadline - now : 0;
    siginfo_t info;
    int number = sigtimedwait(signals, &info, &pause);
    // What the terminal sends has reached the program already: it is in the same process group.
    if (number > 0 && number != SIGCHLD && info.si_code != SI_KERNEL)
      kill(launch->pid, number);
    if (deadline && now_seconds() >= deadline) {
      end_program(launch);
      deadline = now_seconds() + GRACE_SECONDS;
    }
  }
}

static void count_running(struct launch *launch, const struct nck_record *record) {
  (void)record;
  launch->n_running++;
}

static void count_one(uint32_t pid, void *arg) {
  struct launch *launch = arg;
  launch->n_running += (pid_t)pid != launch->pid;
}

// Waits for the others of a run that is being ended, since what runs has no end to be told of.
static bool are_gone(struct launch *launch, int seconds) {
  for (time_t end = now_seconds() + seconds;;) {
    launch->n_running = 0;
    each_running(launch, count_running);
    nck_process_each_in_run(launch->folder, count_one, launch);
    if (!launch->n_running || now_seconds() >= end)
      return !launch->n_running;
    struct timespec pause = {.tv_nsec = 50000000};
    nanosleep(&pause, NULL);
  }
}

static void end_others(struct launch *launch) {
  if (are_gone(launch, GRACE_SECONDS))
    return;
  end_processes(launch); // with SIGKILL now
  are_gone(launch, GRACE_SECONDS);
}

static int status_of(const struct launch *launch) {
  return WIFSIGNALED(launch->status) ? 128 + WTERMSIG(launch->status) : WEXITSTATUS(launch->status);
}

static int compare_processes(const void *left, const void *right) {
  const struct nck_report_process *a = *(struct nck_report_process *const *)left;
  const struct nck_report_process *b = *(struct nck_report_process *const *)right;
  return a->start_wall_ms < b->start_wall_ms   ? -1
         : a->start_wall_ms > b->start_wall_ms ? 1
         : a->pid < b->pid                     ? -1
                                               : a->pid > b->pid;
}

// Only its parent knows how a process ended whose record does not say so.
static void set_end(struct nck_report *report, const struct launch *launch) {
  for (size_t i = 0; i < report->n_processes; i++) {
    struct nck_report_process *process = report->processes[i];
    if (process->pid != (uint32_t)launch->pid || process->end_known)
      continue;
    bool killed = WIFSIGNALED(launch->status);
    process->end_how = killed ? "signal" : "exit";
    process->end_code = killed ? WTERMSIG(launch->status) : WEXITSTATUS(launch->status);
  }
}

static bool add_records(struct nck_report *report, const struct launch *launch,
                        const struct nck_paths *list) {
  bool good = true;
  for (size_t i = 0; i < list->n; i++) {
    struct nck_record record;
    struct nck_error error = {""};
    if (!nck_record_open(&record, list->paths[i], &error)) {
      nck_error_print(&error);
      good = false;
      continue;
    }
    struct nck_options options;
    nck_build_options(&options, &record, &launch->options, true);
    nck_build_add(report, &record, &options, nck_outputs_need_sites(&launch->effective));
    nck_options_drop(&options);
    nck_record_drop(&record);
  }
  return good;
}

// Records of processes that still run stay, and the folder with them.
static void clean_up(const struct launch *launch, const struct nck_report *report,
                     const struct nck_paths *list, bool good) {
  bool keep = nck_options_bool(&launch->effective, NCK_OPTION_keep_record) || !good;
  bool left = keep && list->n;
  for (size_t i = 0; i < list->n && !keep; i++) {
    bool running = false;
    for (size_t p = 0; p < report->n_processes; p++)
      running |= !strcmp(report->processes[p]->record, list->paths[i]) &&
                 !strcmp(report->processes[p]->end_how, "running");
    if (!running)
      unlink(list->paths[i]);
    left |= running;
  }
  if (left)
    fprintf(stderr, "napicheck: records are in %s\n", launch->folder);
  else
    rmdir(launch->folder);
}

// What kept the program alive is said on stderr whatever the report shows.
static void add_timeout_notes(struct nck_report *report, const struct launch *launch) {
  nck_report_add_note(report, "timeout=%s: the program was ended by napicheck",
                      nck_options_text(&launch->effective, NCK_OPTION_timeout));
  for (const char *at = launch->alive.text; at && *at;) {
    int length = (int)strcspn(at, "\n");
    fprintf(stderr, "napicheck: %.*s\n", length, at);
    nck_report_add_note(report, "%.*s", length, at);
    at += length;
    at += *at == '\n';
  }
}

static int report_run(const struct launch *launch) {
  struct nck_report report = {.root_pid = (uint32_t)getpid()};
  struct nck_paths list = {0};
  struct nck_error error = {""};
  bool found = nck_load_find(&list, launch->folder, &error); // none: no process loaded an addon
  bool good = !found || add_records(&report, launch, &list);
  if (report.n_processes)
    qsort(report.processes, report.n_processes, sizeof *report.processes, compare_processes);
  set_end(&report, launch);
  if (launch->timed_out)
    add_timeout_notes(&report, launch);
  good &= nck_build_finish(&report, &launch->effective, &(struct nck_build_files){.folder = ""},
                           status_of(launch));
  struct nck_report_process none = {.pid = (uint32_t)launch->pid, .exe = launch->command[0]};
  struct nck_outputs outputs = {
      .options = &launch->effective, .stream = stderr, .named_for = &none};
  bool lost;
  good &= nck_outputs_write(&outputs, &report, &lost);
  int status = report.summary.exit_code;
  clean_up(launch, &report, &list, good);
  nck_load_drop(&list);
  nck_report_drop(&report);
  return status || good ? status : NCK_EXIT_USAGE;
}

static int launch_and_report(struct launch *launch) {
  struct nck_error error = {""};
  if (!read_environment_options(launch))
    return NCK_EXIT_USAGE;
  if (!(launch->library = find_library(&error)) ||
      !(launch->folder = make_folder(&launch->effective, &error))) {
    nck_error_print(&error);
    return NCK_EXIT_USAGE;
  }
  set_environment(launch);
  sigset_t signals, before;
  signal(SIGCHLD, SIG_DFL); // ignored, the program's status would be lost
  watched_signals(&signals);
  sigprocmask(SIG_BLOCK, &signals, &before);
  int status = start(launch, &before);
  if (status) {
    rmdir(launch->folder);
    return status;
  }
  wait_for_end(launch, &signals);
  if (launch->timed_out)
    end_others(launch);
  // A second Ctrl-C ends a report that takes too long.
  sigprocmask(SIG_SETMASK, &before, NULL);
  return report_run(launch);
}

int nck_command_run(int argc, char **argv) {
  struct launch launch = {.pid = 0};
  nck_options_new(&launch.options);
  nck_cli_check(argc, argv, NULL, NCK_CLI_OPTIONS | NCK_CLI_IN_ORDER);
  argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &launch);
  int status = launch_and_report(&launch);
  nck_text_drop(&launch.alive);
  free(launch.library);
  free(launch.folder);
  nck_options_drop(&launch.options);
  nck_options_drop(&launch.effective);
  return status;
}
