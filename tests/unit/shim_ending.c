// shim_ending.c: every way out of a process, with a stand-in for the reader. Each test is a process
// that ends; its parent looks at what is left of it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ending.h"
#include "env.h"
#include "loader.h"
#include "options.h"
#include "recorder.h"

// What ending.c needs of the layers below it.
__thread struct nck_tls nck_tls;
static void (*in_close_books)(void);
void nck_env_aborts(const void *pc) { (void)pc; }
void nck_env_close_books(enum nck_end how) {
  (void)how;
  if (in_close_books != NULL)
    in_close_books();
}

void nck_loader_start(void) { nck_recorder_open(); }

static char folder[64];
static char log_path[128];
static int caught; // stderr and stdout of a test
static int outcome;
static char said[8192], logged[8192];

static void read_all(int file, char *to, size_t size) {
  ssize_t n = file >= 0 ? pread(file, to, size - 1, 0) : 0;
  to[n > 0 ? n : 0] = '\0';
}

// Runs a test in a process of its own; then outcome, said and logged tell how it ended.
static void run(void (*test)(void)) {
  unlink(log_path);
  caught = memfd_create("output", 0);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    n_checks = n_failed_checks = 0;
    dup2(caught, STDERR_FILENO);
    nck_options_read(NULL, getenv("NAPICHECK_OPTIONS"), true);
    test();
    exit(99); // not reached
  }
  CHECK(waitpid(child, &outcome, 0) == child);
  read_all(caught, said, sizeof said);
  close(caught);
  int file = open(log_path, O_RDONLY);
  read_all(file, logged, sizeof logged);
  if (file >= 0)
    close(file);
}

static int status(void) { return WIFEXITED(outcome) ? WEXITSTATUS(outcome) : -WTERMSIG(outcome); }

// The record that the stand-in was given; it leaves it there.
static bool read_record(struct nck_record_header *header) {
  char path[PATH_MAX];
  const char *at = strstr(logged, "--at-exit ");
  if (at == NULL || sscanf(at, "--at-exit %4095s", path) != 1)
    return false;
  int file = open(path, O_RDONLY);
  bool good = file >= 0 && pread(file, header, sizeof *header, 0) == sizeof *header;
  if (file >= 0)
    close(file);
  return good;
}

// --- programs ---

static void open_record(void) {
  CHECK(nck_recorder_open());
  nck_ending_register();
}

static void open_with_error(void) {
  open_record();
  uint32_t row = nck_recorder_append(NCK_TABLE_FINDING, 1);
  nck_recorder.findings[row].severity = NCK_SEVERITY_ERROR;
}

static void note_handler(void) { dprintf(STDERR_FILENO, "the program's own handler ran\n"); }

static void end_exit_0(void) {
  atexit(note_handler);
  open_with_error();
  nck_ending_exit(0);
}
static void end_exit_5(void) {
  open_with_error();
  nck_ending_exit(5);
}
static void end_exit_256(void) {
  open_with_error();
  nck_ending_exit(256);
}
static void end_return_of_main(void) {
  atexit(note_handler);
  open_with_error();
  exit(0); // not redirected, as the exit at the end of main
}
static void end_return_5(void) {
  open_with_error();
  exit(5);
}
static void end_quick_exit(void) {
  at_quick_exit(note_handler);
  open_with_error();
  nck_ending_quick_exit(0);
}
static void end_underscore_exit(void) {
  atexit(note_handler);
  open_with_error();
  nck_ending_underscore_exit(0);
}
static void end_abort(void) {
  open_with_error();
  nck_ending_abort();
}
static void end_in_call(void) {
  open_with_error();
  nck_tls.frame = (struct nck_frame *)&nck_tls; // only looked at, not into
  nck_ending_exit(0);
}
static void end_without_record(void) {
  nck_ending_register();
  nck_ending_exit(0);
}
static void end_without_record_in_child(void) {
  nck_ending_register();
  pid_t child = fork();
  if (child == 0)
    nck_ending_exit(0);
  int result = 0;
  waitpid(child, &result, 0);
  _exit(WEXITSTATUS(result));
}

static void test_ways_out(void) {
  setenv("FAKE_STATUS", "23", 1);
  struct nck_record_header header;
  run(end_exit_0);
  CHECK_UINT(status(), 23);
  CHECK(strncmp(logged, "args report --at-exit /", 23) == 0);
  CHECK(strstr(logged, "\ndone\n") != NULL);
  CHECK(strstr(said, "the report") != NULL); // its stdout is our stderr
  CHECK(strstr(said, "the program's own handler ran") > strstr(said, "the report"));
  CHECK(read_record(&header));
  CHECK_UINT(header.state, NCK_PROCESS_ENDING);
  CHECK_UINT(header.end_how, NCK_END_EXIT);
  CHECK_UINT(header.end_code, 0);
  run(end_exit_5);
  CHECK_UINT(status(), 5);
  CHECK(strstr(said, "the report") != NULL);
  run(end_exit_256);
  CHECK_UINT(status(), 23);
  run(end_return_of_main);
  CHECK_UINT(status(), 23);
  CHECK(strstr(said, "the program's own handler ran") != NULL);
  run(end_return_5);
  CHECK_UINT(status(), 5);
  run(end_quick_exit);
  CHECK_UINT(status(), 23);
  CHECK(strstr(said, "the program's own handler ran") != NULL);
  run(end_underscore_exit);
  CHECK_UINT(status(), 23);
  CHECK(strstr(said, "the program's own handler ran") == NULL);
  run(end_abort);
  CHECK(status() == -SIGABRT);
  CHECK(strstr(said, "the report") != NULL);
  CHECK(read_record(&header));
  CHECK_UINT(header.end_how, NCK_END_ABORT);
  run(end_in_call);
  CHECK(read_record(&header));
  CHECK_UINT(header.end_how, NCK_END_EXIT_IN_CALL);
  run(end_without_record);
  CHECK_UINT(status(), 0);
  CHECK(logged[0] == '\0' && said[0] == '\0');
  // No addon where there had to be one.
  setenv("NAPICHECK_OPTIONS", "require=*.node", 1);
  setenv("FAKE_STATUS", "24", 1);
  run(end_without_record);
  CHECK_UINT(status(), 24);
  CHECK(read_record(&header));
  run(end_without_record_in_child);
  CHECK_UINT(status(), 0);
  CHECK(logged[0] == '\0');
  // Another status for findings.
  setenv("NAPICHECK_OPTIONS", "exitcode=7", 1);
  setenv("FAKE_STATUS", "7", 1);
  run(end_exit_0);
  CHECK_UINT(status(), 7);
  run(end_exit_5);
  CHECK_UINT(status(), 5);
  unsetenv("NAPICHECK_OPTIONS");
  setenv("FAKE_STATUS", "24", 1);
  run(end_exit_0);
  CHECK_UINT(status(), 24);
  setenv("FAKE_STATUS", "0", 1);
  run(end_exit_0);
  CHECK_UINT(status(), 0);
}

// --- a reader in trouble ---

// This program again, in a folder of its own after some preparation.
static void run_alone(const char *prepare) {
  char text[512];
  snprintf(text, sizeof text,
           "mkdir -p %s/alone && cd %s/alone && cp /proc/%d/exe program && { %s; } && exec "
           "./program alone 2>said",
           folder, folder, (int)getpid(), prepare);
  CHECK(system(text) == 0);
  snprintf(text, sizeof text, "%s/alone/said", folder);
  int file = open(text, O_RDONLY);
  read_all(file, said, sizeof said);
  close(file);
}

static void test_bad_reader(void) {
  setenv("FAKE_STATUS", "2", 1);
  run(end_exit_0);
  CHECK_UINT(status(), 0);
  CHECK(strstr(said, "failed with status 2") != NULL);
  CHECK(strstr(said, "napicheck report /") != NULL);
  setenv("FAKE_KILL", "1", 1);
  run(end_exit_0);
  CHECK_UINT(status(), 0);
  CHECK(strstr(said, "killed by signal 9") != NULL);
  unsetenv("FAKE_KILL");
  // One that hangs, built with READER_SECONDS of 4.
  setenv("FAKE_SLEEP", "7", 1);
  run(end_exit_0);
  CHECK_UINT(status(), 0);
  CHECK(strstr(said, "has not finished after 4 seconds") != NULL);
  CHECK(strstr(logged, "\ndone\n") == NULL);
  unsetenv("FAKE_SLEEP");
  // Not there at all: this program, elsewhere.
  run_alone("true");
  CHECK(strstr(said, "make the report with: napicheck report /") != NULL);
  // There, but no program.
  run_alone("printf 'no program' >napicheck; chmod +x napicheck");
  CHECK(strstr(said, "cannot start") != NULL && strstr(said, "Exec format error") != NULL);
}

// --- manners ---

static volatile sig_atomic_t n_signals;
static void take_all_children(int number) {
  (void)number;
  n_signals++;
  while (waitpid(-1, NULL, WNOHANG) > 0)
    ;
}

static void end_with_handler(void) {
  struct sigaction action = {.sa_handler = take_all_children};
  sigaction(SIGCHLD, &action, NULL);
  open_with_error();
  int code = nck_ending_report(NCK_END_EXIT, 0);
  dprintf(STDERR_FILENO, "signals %d\n", (int)n_signals);
  _exit(code);
}
static void end_with_ignored(void) {
  signal(SIGCHLD, SIG_IGN);
  open_with_error();
  nck_ending_exit(0);
}
static void *wait_for_any(void *arg) {
  int result;
  while (waitpid(-1, &result, 0) > 0 || errno == ECHILD)
    usleep(1000);
  return arg;
}
static void end_with_waiting_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, wait_for_any, NULL);
  open_with_error();
  nck_ending_exit(0);
}
static void end_with_state(void) {
  open_with_error();
  sigset_t mine, after;
  sigemptyset(&mine);
  sigaddset(&mine, SIGUSR1);
  sigprocmask(SIG_SETMASK, &mine, NULL);
  signal(SIGPIPE, SIG_IGN);
  errno = 4711;
  int first = nck_ending_report(NCK_END_EXIT, 0), again = nck_ending_report(NCK_END_EXIT, 0);
  bool same = errno == 4711;
  sigprocmask(SIG_SETMASK, NULL, &after);
  for (int i = 1; i < NSIG; i++)
    same &= sigismember(&after, i) == (i == SIGUSR1);
  dprintf(STDERR_FILENO, "%s, %d then %d\n", same ? "the same" : "changed", first, again);
  _exit(0);
}
static void end_with_marked_descriptors(void) {
  open_with_error();
  for (int i = 0; i < 3; i++)
    fcntl(i, F_SETFD, FD_CLOEXEC); // as Node does
  nck_ending_exit(0);
}
static void end_with_closed_descriptors(void) {
  open_with_error();
  close(STDIN_FILENO);
  close(STDERR_FILENO);
  dup2(caught, STDOUT_FILENO);
  nck_ending_exit(0);
}
static void end_again(void) { CHECK_UINT(nck_ending_report(NCK_END_EXIT, 3), 3); }
static void end_within_end(void) {
  open_with_error();
  in_close_books = end_again;
  nck_ending_exit(0);
}
static void *end_too(void *arg) {
  usleep(300000);
  nck_ending_exit(0);
  return arg;
}
static void end_twice_at_once(void) {
  open_with_error();
  pthread_t thread;
  pthread_create(&thread, NULL, end_too, NULL);
  nck_ending_exit(0);
}

static void test_manners(void) {
  setenv("FAKE_STATUS", "23", 1);
  run(end_with_handler);
  CHECK_UINT(status(), 23);
  CHECK(strstr(said, "signals 0\n") != NULL);
  run(end_with_ignored);
  CHECK_UINT(status(), 23);
  run(end_with_waiting_thread);
  CHECK_UINT(status(), 23);
  run(end_with_state);
  CHECK(strstr(said, "the same, 23 then 0\n") != NULL);
  static void (*const without[])(void) = {end_with_marked_descriptors, end_with_closed_descriptors};
  for (int i = 0; i < 2; i++) {
    run(without[i]);
    CHECK_UINT(status(), 23);
    CHECK(strstr(logged, "\nstdin /dev/null\nopen 3\n") != NULL);
    CHECK((strstr(said, "the report") != NULL) == (i == 0)); // never on the program's stdout
  }
  run(end_within_end);
  CHECK_UINT(status(), 23);
  setenv("FAKE_SLEEP", "1", 1);
  run(end_twice_at_once);
  CHECK_UINT(status(), 23);
  CHECK(strstr(logged, "\ndone\n") != NULL);
  unsetenv("FAKE_SLEEP");
  // What the reader sees.
  setenv("LD_PRELOAD", "", 1);
  setenv("NAPICHECK_OPTIONS", "verbosity=1", 1);
  run(end_with_state);
  CHECK(strstr(logged, "\npreload unset\noptions unset\nstdin /dev/null\n") != NULL);
  CHECK(strstr(logged, "\nopen 3\nblocked 0\nignored 0\n") != NULL);
  // Ours leaves the list, others stay.
  setenv("LD_PRELOAD", "liba.so /x/unit_shim_ending:/y/libb.so", 1);
  run(end_with_state);
  CHECK(strstr(logged, "\npreload liba.so:/y/libb.so\n") != NULL);
  setenv("LD_PRELOAD", "/x/unit_shim_ending", 1);
  run(end_with_state);
  CHECK(strstr(logged, "\npreload unset\n") != NULL);
  unsetenv("NAPICHECK_OPTIONS");
  unsetenv("LD_PRELOAD");
}

// --- children ---

static void wait_and_end(pid_t child) {
  int result = 0;
  waitpid(child, &result, 0);
  dprintf(STDERR_FILENO, "child %d\n", WIFEXITED(result) ? WEXITSTATUS(result) : -1);
  nck_ending_exit(0);
}
static void end_after_fork(void) {
  open_with_error();
  pid_t child = fork();
  if (child == 0)
    nck_ending_exit(0); // inherits the finding, but did nothing
  wait_and_end(child);
}
static void end_after_fork_returning(void) {
  open_with_error();
  pid_t child = fork();
  if (child == 0)
    exit(0);
  wait_and_end(child);
}
static void end_after_vfork(void) {
  open_with_error();
  pid_t child = vfork();
  if (child == 0)
    nck_ending_underscore_exit(4);
  wait_and_end(child);
}
static void end_after_fork_and_call(void) {
  open_with_error();
  uint32_t env = nck_recorder_append(NCK_TABLE_ENV, 1);
  pid_t child = fork();
  if (child == 0) {
    nck_recorder.envs[env].n_calls++;
    nck_ending_exit(0);
  }
  wait_and_end(child);
}

static unsigned count(const char *text, const char *word) {
  unsigned n = 0;
  for (; (text = strstr(text, word)) != NULL; text++)
    n++;
  return n;
}

static void test_children(void) {
  setenv("FAKE_STATUS", "23", 1);
  CHECK_UINT(status(), 0);
  run(end_after_fork);
  CHECK(strstr(said, "child 0\n") != NULL);
  CHECK_UINT(count(logged, "args "), 1);
  CHECK_UINT(status(), 23);
  run(end_after_fork_returning);
  CHECK(strstr(said, "child 0\n") != NULL);
  CHECK_UINT(count(logged, "args "), 1);
  run(end_after_vfork);
  CHECK(strstr(said, "child 4\n") != NULL);
  CHECK_UINT(count(logged, "args "), 1);
  run(end_after_fork_and_call);
  CHECK(strstr(said, "child 23\n") != NULL);
  CHECK_UINT(count(logged, "args "), 2);
  CHECK_UINT(status(), 23);
}

// --- nothing to say ---

static struct nck_object *add_object(void) {
  struct nck_object *object = &nck_recorder.objects[nck_recorder_append(NCK_TABLE_OBJECT, 1)];
  object->state = NCK_OBJECT_LIVE;
  return object;
}

static void end_quietly(void) {
  open_record();
  nck_recorder.findings[nck_recorder_append(NCK_TABLE_FINDING, 1)].severity = NCK_SEVERITY_NOTE;
  nck_recorder.sites[nck_recorder_append(NCK_TABLE_SITE, 1)].peak = 3;
  add_object()->evidence = NCK_EVIDENCE_HEAP;
  add_object()->state = NCK_OBJECT_DEAD;
  dprintf(STDERR_FILENO, "%s\n", nck_recorder_path());
  nck_ending_exit(0);
}
static void end_with_lost(void) {
  open_record();
  add_object()->evidence = NCK_EVIDENCE_LOST;
  nck_ending_exit(0);
}
static void end_with_unknown(void) {
  open_record();
  add_object()->evidence = NCK_EVIDENCE_NONE;
  nck_ending_exit(0);
}
static void end_with_warning(void) {
  open_record();
  nck_recorder.findings[nck_recorder_append(NCK_TABLE_FINDING, 1)].severity = NCK_SEVERITY_WARNING;
  nck_ending_exit(0);
}
static void end_with_growth(void) {
  open_record();
  nck_recorder.sites[nck_recorder_append(NCK_TABLE_SITE, 1)].peak = 60;
  nck_ending_exit(0);
}
static void end_with_teardown(void) {
  open_record();
  nck_recorder.sites[nck_recorder_append(NCK_TABLE_SITE, 1)].released_at_teardown = 60;
  nck_ending_exit(0);
}
static void end_blind(void) {
  open_record();
  nck_recorder_go_blind("a test");
  nck_ending_exit(0);
}

static void test_nothing_to_say(void) {
  setenv("FAKE_STATUS", "0", 1);
  run(end_quietly);
  CHECK_UINT(status(), 0);
  CHECK(logged[0] == '\0');
  said[strcspn(said, "\n")] = '\0';
  CHECK(said[0] == '/' && access(said, F_OK) != 0); // and the record is gone
  static void (*const loud[])(void) = {end_with_lost,   end_with_unknown,  end_with_warning,
                                       end_with_growth, end_with_teardown, end_blind};
  for (size_t i = 0; i < sizeof loud / sizeof *loud; i++) {
    run(loud[i]);
    CHECK_UINT(count(logged, "args "), 1);
  }
  static const char *const options[] = {"verbosity=1",      "format=json=x",  "format=text,json=x",
                                        "log_path=x",       "require=a.node", "baseline=x",
                                        "write_baseline=x", "keep_record=1",  "suppressions=x",
                                        "show=error,note",  "fail_on=note",   "fail_on=failed-call",
                                        "leak_check=all",   "help=1",         "leak_check=held",
                                        "show=all",         "modules=x"};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    setenv("NAPICHECK_OPTIONS", options[i], 1);
    run(end_quietly);
    if (count(logged, "args ") != 1)
      fprintf(stderr, "no reader with %s\n", options[i]);
    CHECK_UINT(count(logged, "args "), 1);
  }
  unsetenv("NAPICHECK_OPTIONS");
}

static void test_run_directory(void) {
  setenv("NAPICHECK_RUN", folder, 1);
  run(end_exit_0);
  CHECK_UINT(status(), 0); // the launcher judges
  CHECK(logged[0] == '\0');
  // A launcher's folder that is gone: the report is ours to make.
  setenv("NAPICHECK_RUN", "/nonexistent/folder", 1);
  setenv("FAKE_STATUS", "23", 1);
  run(end_exit_0);
  CHECK_UINT(status(), 23);
  unsetenv("NAPICHECK_RUN");
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "alone") == 0) {
    nck_options_read(NULL, NULL, true);
    end_exit_0();
  }
  snprintf(folder, sizeof folder, "/tmp/napicheck-unit-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return 1;
  snprintf(log_path, sizeof log_path, "%s/log", folder);
  setenv("FAKE_LOG", log_path, 1);
  for (int i = 1; i < NSIG; i++) // whoever started us may have ignored some
    signal(i, SIG_DFL);
  setenv("XDG_RUNTIME_DIR", folder, 1);
  test_ways_out();
  test_bad_reader();
  test_manners();
  test_children();
  test_nothing_to_say();
  test_run_directory();
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  CHECK(system(command) == 0);
  return CHECK_DONE();
}
