// shim_ending_reader.c: stands in for napicheck beside the test of shim/ending.c: notes how it was
// called, then does what it is told by FAKE_SLEEP (seconds), FAKE_KILL and FAKE_STATUS.
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *variable(const char *name) {
  const char *value = getenv(name);
  return value != NULL ? value : "unset";
}

int main(int argc, char **argv) {
  char input[PATH_MAX] = "";
  if (readlink("/proc/self/fd/0", input, sizeof input - 1) < 0)
    return 98;
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, NULL, &blocked);
  int n_blocked = 0, n_ignored = 0, n_open = 0;
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    n_blocked += sigismember(&blocked, number) == 1;
    n_ignored += sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
  }
  for (int i = 0; i < 4096; i++)
    n_open += dup2(i, i) == i;
  FILE *log = fopen(variable("FAKE_LOG"), "ae");
  if (log == NULL)
    return 97;
  fprintf(log, "args");
  for (int i = 1; i < argc; i++)
    fprintf(log, " %s", argv[i]);
  fprintf(log, "\npreload %s\noptions %s\nstdin %s\nopen %d\nblocked %d\nignored %d\n",
          variable("LD_PRELOAD"), variable("NAPICHECK_OPTIONS"), input, n_open, n_blocked,
          n_ignored);
  fflush(log);
  printf("the report\n");
  fflush(stdout);
  if (getenv("FAKE_SLEEP") != NULL)
    sleep((unsigned)atoi(variable("FAKE_SLEEP")));
  fprintf(log, "done\n");
  fclose(log);
  if (getenv("FAKE_KILL") != NULL)
    raise(SIGKILL);
  return getenv("FAKE_STATUS") != NULL ? atoi(variable("FAKE_STATUS")) : 0;
}
