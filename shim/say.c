// say.c: one line on stderr, the only output of the library.
#include "say.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SAY_MAX 4096
#define SAY_WAIT_MS 1000

void nck_say_raw(const char *text, size_t length) {
  int saved = errno;
  while (length > 0) {
    // A pipe without a reader would raise SIGPIPE in a program that has not asked for our line.
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    int ready = poll(&out, 1, SAY_WAIT_MS);
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0 || (out.revents & (POLLERR | POLLNVAL)) != 0)
      break;
    ssize_t written = write(STDERR_FILENO, text, length);
    if (written < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (written <= 0)
      break;
    text += written;
    length -= (size_t)written;
  }
  errno = saved;
}

void nck_say(const char *format, ...) {
  int saved = errno;
  char line[SAY_MAX];
  size_t used = (size_t)snprintf(line, sizeof line, "napicheck: ");
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line + used, sizeof line - used - 1, format, args);
  va_end(args);
  if (n > 0)
    used = used + (size_t)n < sizeof line - 2 ? used + (size_t)n : strlen(line);
  line[used++] = '\n';
  nck_say_raw(line, used);
  errno = saved;
}
