// ending.c: the end of the process, in all the forms that can be seen from inside, and the start of
// the reader.
//
// The reader is a child of a child. Whatever the program does with SIGCHLD (ignores it, so that
// statuses are lost; waits for all children, as it thinks its own) must neither notice ours nor
// take its status. So a helper is cloned that shares our memory and sends no signal when it ends;
// the reader is the helper's child, and the helper leaves the answer in memory.
#define _GNU_SOURCE
#include "ending.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "env.h"
#include "loader.h"
#include "options.h"
#include "place.h"
#include "recorder.h"
#include "say.h"

#ifndef READER_SECONDS // its test has less time
#define READER_SECONDS 60
#endif
#define OTHER_THREAD_SECONDS (READER_SECONDS + 15)
#define ABORT_STATUS (128 + SIGABRT)
#define STATUS_REQUIRE 24 // require= is not met
// Where a site never had more live objects than this at a time, the reader finds no growth.
#define QUIET_PEAK 8
#define HELPER_STACK_BYTES (64u << 10)
// Each of these waits for the reader, some fifty milliseconds.
#define MOST_WORKERS_TOLD 16

enum { STATE_NONE, STATE_RUNNING, STATE_DONE };
static uint32_t state;       // of the report; a futex
static pid_t registered_pid; // the process that registered the handler
static pid_t reporting_pid, reporting_tid;
static int final_status;

static char library_path[PATH_MAX];     // "" as long as it is unknown
static char reader_path[PATH_MAX];      // "" when there is none
static char reader_libraries[PATH_MAX]; // LD_LIBRARY_PATH as an entry of an environment, or ""

// --- where things are ---

// The loader keeps a relative LD_PRELOAD as it was given; the kernel knows the whole path.
static bool find_mapped_file(const void *address, char *path) {
  FILE *maps = fopen("/proc/self/maps", "re");
  if (maps == NULL)
    return false;
  bool found = false;
  char line[PATH_MAX + 128];
  while (!found && fgets(line, sizeof line, maps) != NULL) {
    unsigned long low, high;
    char *slash = strchr(line, '/');
    if (sscanf(line, "%lx-%lx", &low, &high) == 2 && (uintptr_t)address >= low &&
        (uintptr_t)address < high && slash != NULL) {
      slash[strcspn(slash, "\n")] = '\0';
      found = (size_t)snprintf(path, PATH_MAX, "%s", slash) < PATH_MAX;
    }
  }
  fclose(maps);
  return found;
}

static void find_library(void) {
  Dl_info info;
  char path[PATH_MAX];
  if (library_path[0] != '\0')
    return;
  if (dladdr((void *)nck_ending_report, &info) != 0 && info.dli_fname != NULL &&
      info.dli_fname[0] == '/' && realpath(info.dli_fname, path) != NULL)
    memcpy(library_path, path, sizeof path);
  else if (!find_mapped_file((const void *)nck_ending_report, library_path))
    library_path[0] = '\0';
}

static void find_reader(void) {
  static const char *const from_library[] = {"napicheck", "../bin/napicheck", "../../bin/napicheck",
                                             "../../../bin/napicheck",
                                             "../libexec/napicheck/napicheck"};
  find_library();
  const char *slash = strrchr(library_path, '/');
  if (slash == NULL || reader_path[0] != '\0')
    return;
  for (size_t i = 0; i < sizeof from_library / sizeof *from_library; i++) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%.*s/%s", (int)(slash - library_path), library_path,
                     from_library[i]);
    struct stat status; // a folder may have that name as well
    if (n > 0 && (size_t)n < sizeof path && stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
        access(path, X_OK) == 0) {
      memcpy(reader_path, path, (size_t)n + 1);
      return;
    }
  }
}

// --- LD_PRELOAD ---

static bool is_our_library(const char *entry, size_t length) {
  const char *ours = strrchr(library_path, '/');
  ours = ours != NULL ? ours + 1 : "libnapicheck.so";
  const char *name = entry;
  for (size_t i = 0; i < length; i++)
    if (entry[i] == '/')
      name = entry + i + 1;
  length -= (size_t)(name - entry);
  return strlen(ours) == length && memcmp(ours, name, length) == 0;
}

// The list without our own entries, in `to`, which has room for the whole of it.
static void strip_preload(char *to, const char *list) {
  size_t used = 0;
  while (*list != '\0') {
    size_t length = strcspn(list, " :");
    if (length > 0 && !is_our_library(list, length)) {
      if (used > 0)
        to[used++] = ':';
      memcpy(to + used, list, length);
      used += length;
    }
    list += length;
    list += *list != '\0';
  }
  to[used] = '\0';
}

// The program's environment for the reader: without us and without our options, which are in the
// record.
static char **copy_environment(void) {
  size_t n = 0, n_kept = 0;
  while (environ != NULL && environ[n] != NULL)
    n++;
  char **copy = nck_own_alloc((n + 1) * sizeof *copy);
  if (copy == NULL)
    return NULL;
  for (size_t i = 0; i < n; i++) {
    char *entry = environ[i];
    static const char preload[] = "LD_PRELOAD=";
    if (strncmp(entry, "NAPICHECK_OPTIONS=", 18) == 0 || strncmp(entry, "NAPICHECK_RUN=", 14) == 0)
      continue;
    if (strncmp(entry, preload, sizeof preload - 1) == 0) {
      char *stripped = nck_own_alloc(strlen(entry) + 1);
      if (stripped == NULL)
        continue;
      memcpy(stripped, preload, sizeof preload);
      strip_preload(stripped + sizeof preload - 1, entry + sizeof preload - 1);
      if (stripped[sizeof preload - 1] == '\0')
        continue;
      entry = stripped;
    }
    copy[n_kept++] = entry;
  }
  copy[n_kept] = NULL;
  return copy;
}

// --- the reader ---

// Shared between us, the helper and, until it is the reader, the helper's child.
struct reader {
  char *const *argv;
  char *const *environment;
  volatile bool answered; // `status` and `error` are valid
  volatile bool late;
  volatile int status; // as from waitpid
  volatile int error;  // errno when it could not be started
};

// In the memory of the program, with its handlers: all signals are blocked until nothing of that is
// left.
static void become_reader(struct reader *reader) {
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0)
      continue;
    bool handled = action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
    if (handled || number == SIGCHLD || number == SIGPIPE) {
      action.sa_handler = SIG_DFL;
      action.sa_flags = 0;
      sigaction(number, &action, NULL);
    }
  }
  int null = open("/dev/null", O_RDWR);
  dup2(null, STDIN_FILENO);
  if (fcntl(STDERR_FILENO, F_GETFD) < 0) // closed: the program's stdout is not for us
    dup2(null, STDERR_FILENO);
  // Node marks the standard descriptors close-on-exec; a duplicate is not marked.
  dup2(STDERR_FILENO, STDOUT_FILENO);
  dup2(STDOUT_FILENO, STDERR_FILENO);
#ifdef SYS_close_range
  syscall(SYS_close_range, 3u, ~0u, 0u);
#endif
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(reader_path, reader->argv, reader->environment);
  reader->error = errno;
  _exit(127);
}

static uint64_t seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec;
}

static int help(void *arg) {
  struct reader *reader = arg;
  // Ours alone: a clone without CLONE_SIGHAND has a copy of the dispositions.
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction(SIGCHLD, &standard, NULL);
  pid_t pid = vfork();
  if (pid == 0)
    become_reader(reader);
  if (pid < 0) {
    reader->error = errno;
    reader->answered = true;
    _exit(127);
  }
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  uint64_t end = seconds_now() + READER_SECONDS;
  int status = 0;
  for (;;) {
    pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid)
      break;
    if (ended < 0 && errno != EINTR) {
      reader->error = errno;
      reader->answered = true;
      _exit(127);
    }
    if (seconds_now() >= end) {
      reader->late = true;
      reader->answered = true;
      _exit(127);
    }
    struct timespec second = {.tv_sec = 1};
    sigtimedwait(&child, NULL, &second); // blocked here, so it waits for us
  }
  reader->status = status;
  reader->answered = true;
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 127);
}

// Starts the reader and waits for it. The calling thread stands still as long as the helper lives
// (CLONE_VFORK); others run on. `stack` has HELPER_STACK_BYTES for the helper.
static bool run_reader(struct reader *reader, char *stack) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  char *top = stack + HELPER_STACK_BYTES;
  pid_t helper = clone(help, top, CLONE_VM | CLONE_VFORK, reader);
  if (helper < 0 && errno == EINVAL) // emulators know the usual signal only
    helper = clone(help, top, CLONE_VM | CLONE_VFORK | SIGCHLD, reader);
  int error = errno, status = 0;
  if (helper > 0) {
    pid_t waited;
    do
      waited = waitpid(helper, &status, __WALL);
    while (waited < 0 && errno == EINTR);
    if (waited == helper && !reader->answered) { // memory was not shared, or it was killed
      reader->status = status;
      reader->answered = true;
    }
  } else {
    reader->error = error;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return reader->answered && reader->error == 0 && !reader->late;
}

// The status that the verdict asks for: 0, exitcode or 24.
static int take_verdict(void) {
  const char *record = nck_recorder_path();
  find_reader();
  if (reader_path[0] == '\0') {
    nck_say("the program napicheck is not beside %s; make the report with: napicheck report %s",
            library_path[0] != '\0' ? library_path : "the library", record);
    return 0;
  }
  char name[] = "napicheck", command[] = "report", at_exit[] = "--at-exit", path[PATH_MAX];
  snprintf(path, sizeof path, "%s", record);
  char *argv[] = {name, command, at_exit, path, NULL};
  static char stack[HELPER_STACK_BYTES] __attribute__((aligned(16))); // one report at a time
  struct reader reader = {.argv = argv, .environment = copy_environment()};
  if (reader.environment == NULL) {
    nck_say("no memory to start %s; make the report with: napicheck report %s", reader_path,
            record);
    return 0;
  }
  if (!run_reader(&reader, stack)) {
    if (reader.late)
      nck_say("%s has not finished after %d seconds; the record stays: napicheck report %s",
              reader_path, READER_SECONDS, record);
    else
      nck_say("cannot start %s: %s; make the report with: napicheck report %s", reader_path,
              strerror(reader.error), record);
    return 0;
  }
  int status = reader.status;
  if (WIFEXITED(status)) {
    int verdict = WEXITSTATUS(status);
    if (verdict == 0 || verdict == STATUS_REQUIRE || verdict == nck_options.exitcode)
      return verdict;
    nck_say("%s failed with status %d; the record stays: napicheck report %s", reader_path, verdict,
            record);
  } else {
    nck_say("%s was killed by signal %d; the record stays: napicheck report %s", reader_path,
            WTERMSIG(status), record);
  }
  return 0;
}

// Starts the reader while the program goes on: its answer, as from waitpid, or -1.
static int ask_reader(char *const argv[]) {
  // Other threads run on and may change the environment under our feet.
  char *environment[] = {reader_libraries[0] != '\0' ? reader_libraries : NULL, NULL};
  struct reader reader = {.argv = argv, .environment = environment};
  char *stack = nck_own_alloc(HELPER_STACK_BYTES);
  bool good = stack != NULL && run_reader(&reader, stack);
  // A helper that gave up on a reader that is late has ended as well, so nobody stands on it.
  nck_own_free(stack, HELPER_STACK_BYTES);
  return good ? reader.status : -1;
}

bool nck_ending_is_over(void) {
  return __atomic_load_n(&state, __ATOMIC_ACQUIRE) == STATE_DONE && reporting_pid == getpid();
}

static bool can_ask(void) {
  struct nck_record_header *header = __atomic_load_n(&nck_recorder.header, __ATOMIC_ACQUIRE);
  return header != NULL && (pid_t)header->pid == getpid() && reader_path[0] != '\0' &&
         __atomic_load_n(&state, __ATOMIC_ACQUIRE) == STATE_NONE;
}

void nck_ending_worker(uint32_t thread) {
  static uint32_t n_told;
  if (!can_ask() || __atomic_fetch_add(&n_told, 1, __ATOMIC_RELAXED) >= MOST_WORKERS_TOLD)
    return;
  int saved = errno;
  char name[] = "napicheck", command[] = "report", option[32], path[PATH_MAX];
  snprintf(option, sizeof option, "--ended-thread=%u", thread);
  snprintf(path, sizeof path, "%s", nck_recorder_path());
  char *argv[] = {name, command, option, path, NULL};
  ask_reader(argv); // where it fails the report at the end says it all the same
  errno = saved;
}

int nck_ending_ask(uint64_t since_ns, uint32_t checkpoint, const char *label) {
  if (!can_ask())
    return 0;
  int saved = errno;
  char name[] = "napicheck", command[] = "report", option[64], mark[512], path[PATH_MAX];
  snprintf(option, sizeof option, "--since=%llu", (unsigned long long)since_ns);
  snprintf(mark, sizeof mark, "--checkpoint=%u%s%.400s", checkpoint, *label != '\0' ? " " : "",
           label);
  snprintf(path, sizeof path, "%s", nck_recorder_path());
  char *argv[] = {name, command, option, mark, path, NULL};
  int status = ask_reader(argv);
  errno = saved;
  int code = status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  return code > NCK_ANSWER_BASE ? code - NCK_ANSWER_BASE : 0;
}

// --- is there anything to say at all? ---

// True when all items of the list are among the words.
static bool is_list_of(const char *list, const char *const *words) {
  char item[256];
  if (strlen(list) >= sizeof item) // longer ones would be left out
    return false;
  while (nck_options_item(&list, item, sizeof item)) {
    bool known = false;
    for (int i = 0; words[i] != NULL && !known; i++)
      known = strcmp(words[i], item) == 0;
    if (!known)
      return false;
  }
  return true;
}

static bool is_unset(enum nck_option option) { return *nck_options_text(option) == '\0'; }

// True only when it is certain that the reader would print nothing, write nothing and have no
// verdict. Every doubt is a no: it costs the start of a process and nothing else.
static bool is_nothing_to_say(const struct nck_record_header *header) {
  static const char *const severities[] = {"error", "leak", "warning", NULL};
  static const char *const evidence[] = {"lost", "growing", "none", NULL};
  static const char *const text[] = {"text", NULL};
  if (nck_options.verbosity > 0 || nck_options.help || nck_recorder_is_blind() ||
      header->scan_state == 2)
    return false;
  if (!is_unset(NCK_OPTION_require) || !is_unset(NCK_OPTION_baseline) ||
      !is_unset(NCK_OPTION_write_baseline) || !is_unset(NCK_OPTION_log_path) ||
      !is_unset(NCK_OPTION_suppressions) || !is_unset(NCK_OPTION_modules))
    return false;
  if (!is_list_of(nck_options_text(NCK_OPTION_format), text) ||
      !is_list_of(nck_options_text(NCK_OPTION_show), severities) ||
      !is_list_of(nck_options_text(NCK_OPTION_fail_on), severities) ||
      !is_list_of(nck_options_text(NCK_OPTION_leak_check), evidence))
    return false;
  static const char *const yes[] = {"1", "yes", "on", "true", NULL};
  if (is_list_of(nck_options_text(NCK_OPTION_keep_record), yes))
    return false;
  for (uint64_t i = 1; i < header->n_rows[NCK_TABLE_FINDING]; i++)
    if (nck_recorder.findings[i].severity != NCK_SEVERITY_NOTE)
      return false;
  for (uint64_t i = 1; i < header->n_rows[NCK_TABLE_SITE]; i++)
    if ((uint64_t)nck_recorder.sites[i].peak + nck_recorder.sites[i].released_at_teardown >
        QUIET_PEAK)
      return false;
  for (uint64_t i = 1; i < header->n_rows[NCK_TABLE_OBJECT]; i++) {
    const struct nck_object *object = &nck_recorder.objects[i];
    if (object->state == NCK_OBJECT_LIVE && object->evidence <= NCK_EVIDENCE_LOST &&
        (object->flags & NCK_OBJECT_IGNORED) == 0)
      return false;
  }
  return true;
}

// --- the report ---

static int make_report(struct nck_record_header *header, enum nck_end how, int code) {
  uint64_t start_ns = nck_recorder_ns();
  nck_env_close_books(how);
  header->overhead_ns += nck_recorder_ns() - start_ns;
  nck_recorder_end(how, code);
  if (nck_recorder_is_in_run()) // `napicheck run` reads it and has the last word on the status
    return code;
  if (is_nothing_to_say(header)) {
    nck_recorder_remove();
    return code;
  }
  int verdict = take_verdict();
  return verdict != 0 && (code & 0xff) == 0 ? verdict : code;
}

// Another thread is at it: going on would end the process, and with it the report.
static void wait_for_report(void) {
  uint64_t end = seconds_now() + OTHER_THREAD_SECONDS;
  while (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == STATE_RUNNING && seconds_now() < end) {
    struct timespec second = {.tv_sec = 1};
    syscall(SYS_futex, &state, FUTEX_WAIT_PRIVATE, STATE_RUNNING, &second, NULL, 0);
  }
}

// No addon was loaded and one had to be. Over the processes of `napicheck run` that is for the
// launcher to judge.
static bool is_addon_required(void) {
  return !is_unset(NCK_OPTION_require) && getenv("NAPICHECK_RUN") == NULL;
}

static struct sigaction termination; // what SIGTERM did before
static uint32_t termination_held;
static volatile sig_atomic_t terminated;

// The second one says that the sender means it: a cleanup hook may hang, and the report with it.
static void note_termination(int number) {
  if (terminated != 0) {
    sigaction(number, &termination, NULL);
    kill(getpid(), number);
  }
  terminated = number;
}

void nck_ending_hold_termination(void) {
  struct sigaction hold = {.sa_handler = note_termination, .sa_flags = SA_RESTART};
  if (__atomic_exchange_n(&termination_held, 1, __ATOMIC_ACQ_REL) != 0)
    return;
  if (sigaction(SIGTERM, NULL, &termination) != 0 || termination.sa_flags & SA_SIGINFO ||
      termination.sa_handler != SIG_DFL || sigaction(SIGTERM, &hold, NULL) != 0)
    __atomic_store_n(&termination_held, 0, __ATOMIC_RELEASE);
}

void nck_ending_release_termination(bool reported) {
  if (__atomic_load_n(&termination_held, __ATOMIC_ACQUIRE) == 0 || (terminated != 0 && !reported))
    return;
  sigaction(SIGTERM, &termination, NULL);
  __atomic_store_n(&termination_held, 0, __ATOMIC_RELEASE);
  if (terminated != 0)
    kill(getpid(), SIGTERM);
}

int nck_ending_report(enum nck_end how, int code) {
  struct nck_record_header *header = __atomic_load_n(&nck_recorder.header, __ATOMIC_ACQUIRE);
  pid_t pid = getpid();
  int saved = errno;
  if (header == NULL && pid == registered_pid && is_addon_required()) {
    nck_loader_start(); // a record that says that there was none
    header = __atomic_load_n(&nck_recorder.header, __ATOMIC_ACQUIRE);
    errno = saved;
  }
  if (header == NULL)
    return code;
  if ((pid_t)header->pid != pid) {
    // A child of vfork stands in its parent's memory: nothing here is its own. A child of fork has
    // its own copies.
    bool called;
    if (!nck_recorder_is_inherited(&called) || !called || !nck_recorder_adopt()) {
      errno = saved;
      return code;
    }
  }
  if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) != STATE_NONE && reporting_pid != pid)
    __atomic_store_n(&state, STATE_NONE, __ATOMIC_RELEASE); // the parent's report, before the fork
  pid_t tid = (pid_t)syscall(SYS_gettid);
  uint32_t none = STATE_NONE;
  if (!__atomic_compare_exchange_n(&state, &none, STATE_RUNNING, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE)) {
    if (reporting_tid != tid)
      wait_for_report();
    errno = saved;
    return none == STATE_RUNNING && reporting_tid != tid && (code & 0xff) == 0 ? final_status
                                                                               : code;
  }
  reporting_pid = pid;
  reporting_tid = tid;
  if (how == NCK_END_EXIT && nck_tls.frame != NULL)
    how = NCK_END_EXIT_IN_CALL;
  final_status = code;
  nck_ending_hold_termination();
  int status = make_report(header, how, code);
  final_status = status;
  __atomic_store_n(&state, STATE_DONE, __ATOMIC_RELEASE);
  syscall(SYS_futex, &state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
  nck_ending_release_termination(true);
  errno = saved;
  return status;
}

// --- the ways out ---

static void at_exit_handler(int code, void *arg) {
  (void)arg;
  int status = nck_ending_report(NCK_END_EXIT, code);
  // The status of an exit under way cannot be changed, but glibc lets a handler call exit again: it
  // goes on with the handlers that are left, and ends with the new status. So nothing of the
  // program's own ending is lost, as it would be with _exit.
  if (status != code)
    exit(status);
}

void nck_ending_register(void) {
  int saved = errno;
  if (registered_pid == 0) { // only the loader's thread comes here, and it does no harm twice
    registered_pid = getpid();
    find_reader();
    const char *libraries = getenv("LD_LIBRARY_PATH");
    if (libraries != NULL && strlen(libraries) < sizeof reader_libraries - 32)
      snprintf(reader_libraries, sizeof reader_libraries, "LD_LIBRARY_PATH=%s", libraries);
  }
  on_exit(at_exit_handler, NULL);
  errno = saved;
}

void nck_ending_exit(int code) { exit(nck_ending_report(NCK_END_EXIT, code)); }

void nck_ending_quick_exit(int code) { quick_exit(nck_ending_report(NCK_END_EXIT, code)); }

void nck_ending_underscore_exit(int code) { _exit(nck_ending_report(NCK_END_EXIT, code)); }

void nck_ending_abort(void) {
  nck_env_aborts(__builtin_extract_return_addr(__builtin_return_address(0)));
  nck_ending_report(NCK_END_ABORT, ABORT_STATUS);
  abort();
}

// What assert() calls, which aborts within libc.
extern void __assert_fail(const char *assertion, const char *file, unsigned line,
                          const char *function) __attribute__((noreturn));

void nck_ending_assert_fail(const char *assertion, const char *file, unsigned line,
                            const char *function) {
  nck_env_aborts(__builtin_extract_return_addr(__builtin_return_address(0)));
  nck_ending_report(NCK_END_ABORT, ABORT_STATUS);
  __assert_fail(assertion, file, line, function);
}

// --- another program in the same process ---

static bool is_program(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

// Where execvp would look.
static bool is_program_in_path(const char *name) {
  const char *list = getenv("PATH");
  while (list != NULL) {
    int length = (int)strcspn(list, ":");
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%.*s%s%s", length, list, length > 0 ? "/" : "", name);
    if (n > 0 && (size_t)n < sizeof path && is_program(path))
      return true;
    list += length;
    list = *list == ':' ? list + 1 : NULL;
  }
  return false;
}

// Shared between us, a helper and, until it is the other program, the helper's child.
struct trial {
  const char *file;
  char *const *argv;
  char *const *envp;
  bool in_path;
  volatile enum { TRIAL_UNKNOWN, TRIAL_WORKS, TRIAL_FAILS } outcome;
};

// A traced process stops before the first instruction of the program that it has become.
static void become_trial(struct trial *trial) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigset_t trap;
  sigemptyset(&trap);
  sigaddset(&trap, SIGTRAP);
  sigaction(SIGTRAP, &standard, NULL);
  // Whoever dies before it has ended this one takes it along: it must never run.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
    _exit(127);
  sigprocmask(SIG_UNBLOCK, &trap, NULL); // or it would not stop
  if (trial->in_path)
    execvpe(trial->file, trial->argv, trial->envp);
  else
    execve(trial->file, trial->argv, trial->envp);
  trial->outcome = TRIAL_FAILS;
  _exit(127);
}

static int help_trial(void *arg) {
  struct trial *trial = arg;
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction(SIGCHLD, &standard, NULL);
  pid_t pid = vfork();
  if (pid == 0)
    become_trial(trial);
  int status = 0;
  while (pid > 0) {
    pid_t waited = waitpid(pid, &status, __WALL);
    if (waited < 0 && errno == EINTR)
      continue;
    if (waited != pid || !WIFSTOPPED(status))
      break;
    trial->outcome = TRIAL_WORKS;
    kill(pid, SIGKILL);
  }
  _exit(0);
}

// A file that is there and may be executed can still be none: of another machine, a script without
// its interpreter, too many arguments. So an exec is tried before it is believed to be the end.
static void try_exec(struct trial *trial) {
  char *stack = nck_own_alloc(HELPER_STACK_BYTES);
  if (stack == NULL)
    return;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t helper = clone(help_trial, stack + HELPER_STACK_BYTES, CLONE_VM | CLONE_VFORK, trial);
  while (helper > 0 && waitpid(helper, NULL, __WALL) < 0 && errno == EINTR)
    continue;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  nck_own_free(stack, HELPER_STACK_BYTES);
}

// The report is made before, since nothing of ours is there afterwards. One that is going to fail
// is no end: the program goes on, and has its report later.
static void before_exec(const char *file, bool in_path, char *const argv[], char *const envp[]) {
  struct nck_record_header *header = __atomic_load_n(&nck_recorder.header, __ATOMIC_ACQUIRE);
  if (header == NULL || (pid_t)header->pid != getpid() || file == NULL)
    return; // a child of fork or vfork, which starts a program as usual
  int saved = errno;
  struct trial trial = {.file = file, .argv = argv, .envp = envp, .in_path = in_path};
  try_exec(&trial);
  if (trial.outcome == TRIAL_UNKNOWN) { // no process, or nobody may trace here
    bool found = in_path && strchr(file, '/') == NULL ? is_program_in_path(file) : is_program(file);
    trial.outcome = found ? TRIAL_WORKS : TRIAL_FAILS;
  }
  if (trial.outcome == TRIAL_WORKS)
    nck_ending_report(NCK_END_EXEC, 0);
  errno = saved;
}

// It has failed although it was not to be foreseen. Where the record is still there, watching goes
// on and the report at the end will say all; else it has been made.
static void after_exec(void) {
  struct nck_record_header *header = __atomic_load_n(&nck_recorder.header, __ATOMIC_ACQUIRE);
  int saved = errno;
  if (header != NULL && (pid_t)header->pid == getpid() && reporting_pid == getpid() &&
      header->end_how == NCK_END_EXEC && nck_recorder_reopen())
    __atomic_store_n(&state, STATE_NONE, __ATOMIC_RELEASE);
  errno = saved;
}

int nck_ending_execve(const char *path, char *const argv[], char *const envp[]) {
  before_exec(path, false, argv, envp);
  execve(path, argv, envp);
  after_exec();
  return -1;
}

int nck_ending_execv(const char *path, char *const argv[]) {
  before_exec(path, false, argv, environ);
  execv(path, argv);
  after_exec();
  return -1;
}

int nck_ending_execvp(const char *file, char *const argv[]) {
  before_exec(file, true, argv, environ);
  execvp(file, argv);
  after_exec();
  return -1;
}

int nck_ending_execvpe(const char *file, char *const argv[], char *const envp[]) {
  before_exec(file, true, argv, envp);
  execvpe(file, argv, envp);
  after_exec();
  return -1;
}

// The arguments of an execl as an array on the stack: the child of a vfork comes here too.
#define TAKE_ARGUMENTS(first, list, argv)                                                          \
  va_list list;                                                                                    \
  va_start(list, first);                                                                           \
  size_t n_arguments = 1;                                                                          \
  while (va_arg(list, const char *) != NULL)                                                       \
    n_arguments++;                                                                                 \
  va_end(list);                                                                                    \
  char **argv = __builtin_alloca((n_arguments + 1) * sizeof *argv);                                \
  argv[0] = (char *)(uintptr_t)(first);                                                            \
  va_start(list, first);                                                                           \
  for (size_t i = 1; i <= n_arguments; i++)                                                        \
  argv[i] = va_arg(list, char *)

int nck_ending_execl(const char *path, const char *first, ...) {
  TAKE_ARGUMENTS(first, list, argv);
  va_end(list);
  return nck_ending_execv(path, argv);
}

int nck_ending_execlp(const char *file, const char *first, ...) {
  TAKE_ARGUMENTS(first, list, argv);
  va_end(list);
  return nck_ending_execvp(file, argv);
}

int nck_ending_execle(const char *path, const char *first, ...) {
  TAKE_ARGUMENTS(first, list, argv);
  char *const *envp = va_arg(list, char *const *);
  va_end(list);
  return nck_ending_execve(path, argv, envp);
}
