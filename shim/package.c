// package.c: the npm package that a file belongs to, for modules=.
//
// Asked once for each module that comes, and only where modules= names none by its file. The
// program's allocator is not touched: what is looked for stands in the file's outermost object.
#include "package.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "own.h"

#define LARGEST_PACKAGE_JSON (1u << 20)

// Behind the closing quote of a text whose opening one is before `at`; `end` when there is none.
static const char *skip_text(const char *at, const char *end) {
  while (at < end && *at != '"')
    at += *at == '\\' && at + 1 < end ? 2 : 1;
  return at < end ? at + 1 : end;
}

static const char *skip_blanks(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
    at++;
  return at;
}

bool nck_package_value(const char *json, size_t bytes, const char *key, char *value, size_t size) {
  const char *end = json + bytes;
  size_t key_bytes = strlen(key);
  int depth = 0;
  for (const char *at = json; at < end;) {
    char c = *at++;
    depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    if (c != '"')
      continue;
    const char *text = at;
    at = skip_text(at, end);
    const char *colon = skip_blanks(at, end);
    if (colon == end || *colon != ':')
      continue;
    at = skip_blanks(colon + 1, end);
    if (depth != 1 || (size_t)(colon - text) <= key_bytes || text[key_bytes] != '"' ||
        memcmp(text, key, key_bytes) != 0)
      continue;
    if (at == end || *at != '"')
      return false;
    const char *begin = at + 1, *after = skip_text(begin, end);
    size_t length = (size_t)(after - begin) - 1;
    if (after[-1] != '"' || after == begin || length >= size || memchr(begin, '\\', length) != NULL)
      return false;
    memcpy(value, begin, length);
    value[length] = '\0';
    return true;
  }
  return false;
}

static bool read_package(const char *path, char *text, char *name, char *version, size_t size) {
  // Not to be held up by a pipe of that name.
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return false;
  struct stat status;
  size_t used = 0;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    ssize_t n;
    while (
        used < LARGEST_PACKAGE_JSON &&
        ((n = read(fd, text + used, LARGEST_PACKAGE_JSON - used)) > 0 || (n < 0 && errno == EINTR)))
      used += n > 0 ? (size_t)n : 0;
  }
  close(fd);
  if (!nck_package_value(text, used, "name", name, size))
    return false;
  if (!nck_package_value(text, used, "version", version, size))
    *version = '\0';
  return true;
}

bool nck_package_find(const char *path, char *name, char *version, size_t size) {
  static const char file[] = "/package.json";
  int saved = errno;
  char folder[PATH_MAX + sizeof file];
  size_t length = strlen(path);
  bool found = false;
  char *text = *path == '/' && length < PATH_MAX ? nck_own_alloc(LARGEST_PACKAGE_JSON) : NULL;
  if (text != NULL) {
    memcpy(folder, path, length + 1);
    for (char *slash; !found && (slash = strrchr(folder, '/')) != NULL; *slash = '\0') {
      memcpy(slash, file, sizeof file);
      found = read_package(folder, text, name, version, size);
    }
    nck_own_free(text, LARGEST_PACKAGE_JSON);
  }
  errno = saved;
  return found;
}
