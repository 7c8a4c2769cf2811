// ending.h: the end of the process, in all the forms that can be seen from inside, and the start of
// the reader.
//
// Every way out (the runtime's and the addons' exit, quick_exit, _exit, abort, exec; the fallback
// on_exit handler, registered again after each addon is loaded so that it runs before their static
// destructors) comes to nck_ending_report once: the trackers close their books, the scan runs, the
// record is marked, the reader is started (found beside the library) and its verdict taken.
// Children of a fork or vfork come here too: they do nothing, but for a child of a fork that has
// called Node-API, which makes a report of its own.
#ifndef NAPICHECK_SHIM_ENDING_H
#define NAPICHECK_SHIM_ENDING_H

#include <stdbool.h>

#include "napicheck/record.h"

// Registers the fallback exit handler again, and at the first time notes where the library and the
// reader are (the program may change its directory later). After each load of an addon; where
// require= is set in the constructor too, so that the end of a process without addons is seen.
void nck_ending_register(void);

// Closes the books and makes the report. `code` is the program's own exit status. Returns the
// status that the process should end with (the program's own, or exitcode when that was 0 and
// findings remain, or 24). NCK_END_EXIT inside a native call is recorded as NCK_END_EXIT_IN_CALL.
// Only the first call does anything; another one at the same time waits for it. Any thread; keeps
// errno.
int nck_ending_report(enum nck_end how, int code);

// The report of this process has been made: it leaves.
bool nck_ending_is_over(void);

// A worker's thread ends, its envs have ended, and it has lost something: has the reader say so on
// stderr, now. The reader, since only it knows what is suppressed. On the thread that ends, which
// waits for it.
void nck_ending_worker(uint32_t thread);

// How many findings that count there are since then (napicheck_leak_check): objects that were
// found to be lost, events after that time. The reader says them on stderr. Keeps errno.
int nck_ending_ask(uint64_t since_ns, uint32_t checkpoint, const char *label);

// A parent that waits for the end of a process loses patience and sends SIGTERM (Jest after half a
// second). Between these two it does not end the process where it would, but afterwards: what is
// about to be found out is not lost. Signal handlers of the program are left alone. `reported` is
// false when the report is still to come: a signal that has come then waits for it; a second one
// does not. errno may change.
void nck_ending_hold_termination(void);
void nck_ending_release_termination(bool reported);

// Replacements put into GOT slots by interpose.c: report, then the real function.
void nck_ending_exit(int code) __attribute__((noreturn));
void nck_ending_quick_exit(int code) __attribute__((noreturn));
void nck_ending_underscore_exit(int code) __attribute__((noreturn));
void nck_ending_abort(void) __attribute__((noreturn));
void nck_ending_assert_fail(const char *assertion, const char *file, unsigned line,
                            const char *function) __attribute__((noreturn));

// The same for another program in the same process: the report is made, as far as the exec can be
// expected to succeed. Children of fork and vfork pass.
int nck_ending_execve(const char *path, char *const argv[], char *const envp[]);
int nck_ending_execv(const char *path, char *const argv[]);
int nck_ending_execvp(const char *file, char *const argv[]);
int nck_ending_execvpe(const char *file, char *const argv[], char *const envp[]);
int nck_ending_execl(const char *path, const char *first, ...);
int nck_ending_execlp(const char *file, const char *first, ...);
int nck_ending_execle(const char *path, const char *first, ...);
#define NCK_ENDING_EXECS                                                                           \
  {.name = "execve", .replacement = (void *)nck_ending_execve},                                    \
      {.name = "execv", .replacement = (void *)nck_ending_execv},                                  \
      {.name = "execvp", .replacement = (void *)nck_ending_execvp},                                \
      {.name = "execvpe", .replacement = (void *)nck_ending_execvpe},                              \
      {.name = "execl", .replacement = (void *)nck_ending_execl},                                  \
      {.name = "execlp", .replacement = (void *)nck_ending_execlp}, {                              \
    .name = "execle", .replacement = (void *)nck_ending_execle                                     \
  }

// The trackers' last word, called by nck_ending_report before the scan (env.c).
void nck_env_close_books(enum nck_end how);

// The same at an abort, called from `pc`: says what is to be said about it (env.c).
void nck_env_aborts(const void *pc);

#endif
