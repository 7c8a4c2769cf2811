// file.c: regular files to read.
#include "file.h"

#include <fcntl.h>
#include <unistd.h>

int nck_file_open(const char *path, struct stat *status) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd >= 0 && (fstat(fd, status) != 0 || !S_ISREG(status->st_mode))) {
    close(fd);
    fd = -1;
  }
  return fd;
}

FILE *nck_file_read(const char *path, off_t most) {
  struct stat status;
  int fd = nck_file_open(path, &status);
  FILE *file = fd >= 0 && status.st_size <= most ? fdopen(fd, "r") : NULL;
  if (!file && fd >= 0)
    close(fd);
  return file;
}
