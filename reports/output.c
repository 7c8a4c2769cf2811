// output.c: files that appear complete or not at all, and the names that options give them.
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool nck_output_is_said;

#define LOCK_TRIES 1000
#define LOCK_PAUSE_USEC 10000

char *nck_output_name(const char *pattern, const struct nck_report_process *process) {
  struct nck_text name = {0};
  nck_text_add_n(&name, "", 0);
  for (const char *c = pattern; *c; c++) {
    if (*c != '%' || !c[1]) {
      nck_text_add_n(&name, c, 1);
      continue;
    }
    c++;
    const char *slash = strrchr(process->exe, '/');
    switch (*c) {
    case 'p':
      nck_text_add(&name, "%u", process->pid);
      break;
    case 'e':
      nck_text_add(&name, "%s", slash ? slash + 1 : process->exe);
      break;
    case 't':
      nck_text_add(&name, "%llu", (unsigned long long)(process->start_wall_ms / 1000));
      break;
    case '%':
      nck_text_add(&name, "%%");
      break;
    default:
      nck_text_add(&name, "%%%c", *c);
    }
  }
  return name.text;
}

// A name of a descriptor: what it leads to is not ours to replace, and the link even less.
static bool is_descriptor(const char *path) {
  return !strcmp(path, "/dev/stdout") || !strcmp(path, "/dev/stderr") ||
         !strncmp(path, "/dev/fd/", 8) || !strncmp(path, "/proc/", 6);
}

// A device, a pipe or a descriptor (/dev/stderr, /dev/fd/3) has no name to rename to. A pipe that
// nobody reads is an error: waiting for a reader would hang the program's end.
static FILE *open_in_place(const char *path) {
  int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return NULL;
  FILE *stream = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) == 0 ? fdopen(fd, "w") : NULL;
  if (!stream) {
    int code = errno;
    close(fd);
    errno = code;
  }
  return stream;
}

// A new file: what another user has put there under that name is neither followed nor written to.
static int create_temporary(const char *path) {
  enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW };
  int fd = open(path, FLAGS, 0666);
  if (fd < 0 && errno == EEXIST && unlink(path) == 0) // of a process that was killed, say
    fd = open(path, FLAGS, 0666);
  return fd;
}

static bool fail(struct nck_output *output, struct nck_error *error, int code) {
  nck_error_set(error, "cannot write %s: %s", output->path, strerror(code));
  nck_output_cancel(output);
  return false;
}

bool nck_output_open(struct nck_output *output, const char *path, struct nck_error *error) {
  *output = (struct nck_output){.path = nck_memory_text(path)};
  struct stat status;
  if (stat(path, &status) == 0 && (!S_ISREG(status.st_mode) || is_descriptor(path))) {
    if (S_ISDIR(status.st_mode))
      return fail(output, error, EISDIR);
    output->stream = open_in_place(path);
    return output->stream ? true : fail(output, error, errno);
  }
  struct nck_text temporary = {0};
  nck_text_add(&temporary, "%s.%ld.tmp", path, (long)getpid());
  output->temporary = temporary.text;
  int fd = create_temporary(output->temporary);
  if (fd < 0) {
    int code = errno;
    free(output->temporary);
    output->temporary = NULL;
    return fail(output, error, code);
  }
  output->stream = fdopen(fd, "w");
  if (!output->stream) {
    int code = errno;
    close(fd);
    return fail(output, error, code);
  }
  return true;
}

bool nck_output_close(struct nck_output *output, struct nck_error *error) {
  errno = 0;
  bool good = fflush(output->stream) == 0 && !ferror(output->stream);
  int code = errno ? errno : EIO;
  good &= fclose(output->stream) == 0;
  output->stream = NULL;
  if (good && output->temporary && rename(output->temporary, output->path) != 0) {
    code = errno;
    good = false;
  }
  if (!good)
    return fail(output, error, code);
  free(output->temporary);
  free(output->path);
  return true;
}

void nck_output_cancel(struct nck_output *output) {
  if (output->stream)
    fclose(output->stream);
  if (output->temporary)
    unlink(output->temporary);
  free(output->temporary);
  free(output->path);
  *output = (struct nck_output){0};
}

int nck_output_lock(const char *path) {
  // The folder itself is locked, so that no lock file is left behind.
  const char *slash = strrchr(path, '/');
  char *folder = slash == path ? nck_memory_text("/")
                 : slash       ? strndup(path, (size_t)(slash - path))
                               : nck_memory_text(".");
  int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(folder);
  if (lock < 0)
    return -1;
  for (int i = 0; i < LOCK_TRIES; i++) {
    if (flock(lock, LOCK_EX | LOCK_NB) == 0)
      return lock;
    if (errno != EWOULDBLOCK && errno != EINTR)
      break;
    usleep(LOCK_PAUSE_USEC);
  }
  close(lock);
  return -1;
}

void nck_output_unlock(int lock) {
  if (lock >= 0)
    close(lock);
}
