// place.c: where the record lives: the file, its directory, its name.
#define _GNU_SOURCE
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "napicheck/record.h"
#include "say.h"

#define INTERRUPTIONS_MAX 100

// What is wrong with a place, as errno has no word for it.
enum { NOT_OURS = -1, NOT_PRIVATE = -2, NOT_A_RECORD = -3, TOO_LONG = -4 };

static const char *reason_text(int error) {
  switch (error) {
  case NOT_OURS:
    return "it belongs to another user";
  case NOT_PRIVATE:
    return "others may write or look into it";
  case NOT_A_RECORD:
    return "it exists and is not a record, so it is left alone";
  case TOO_LONG:
    return "the name is too long";
  case ELOOP:
  case ENOTDIR:
    return "it is no directory, or a symbolic link";
  default:
    return strerror(error);
  }
}

ssize_t nck_place_read(const char *path, char *buffer, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  size_t used = 0;
  while (used < size - 1) {
    ssize_t n = read(fd, buffer + used, size - 1 - used);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    used += (size_t)n;
  }
  buffer[used] = '\0';
  close(fd);
  return (ssize_t)used;
}

uint64_t nck_place_stat(pid_t pid, int field) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  if (nck_place_read(path, text, sizeof text) <= 0)
    return 0;
  // The second field is the program's name in brackets and may hold anything, brackets too.
  const char *at = strrchr(text, ')');
  for (int i = 2; at != NULL && i < field; i++)
    at = strchr(at + 1, ' ');
  return at != NULL ? strtoull(at + 1, NULL, 10) : 0;
}

uint64_t nck_place_start_ticks(pid_t pid) { return nck_place_stat(pid, 22); }

bool nck_place_expand(const char *pattern, char *buffer, size_t size) {
  size_t used = 0;
  for (const char *at = pattern; *at != '\0'; at++) {
    char piece[PATH_MAX] = {*at, '\0'};
    if (*at == '%' && at[1] != '\0') {
      at++;
      if (*at == 'p') {
        snprintf(piece, sizeof piece, "%ld", (long)getpid());
      } else if (*at == 't') {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        snprintf(piece, sizeof piece, "%lld", (long long)now.tv_sec);
      } else if (*at == 'e') {
        char exe[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
        exe[n > 0 ? n : 0] = '\0';
        const char *slash = strrchr(exe, '/');
        snprintf(piece, sizeof piece, "%s", slash != NULL ? slash + 1 : exe);
      } else if (*at != '%') { // no meaning: it stays as it is
        piece[1] = *at;
        piece[0] = '%';
        piece[2] = '\0';
      }
    }
    size_t length = strlen(piece);
    if (length >= size - used)
      return false;
    memcpy(buffer + used, piece, length + 1);
    used += length;
  }
  buffer[used] = '\0';
  return true;
}

int nck_place_allocate(int fd, uint64_t offset, uint64_t bytes) {
  // Going beyond the limit raises SIGXFSZ, which ends the program, so look first.
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      offset + bytes > limit.rlim_cur)
    return EFBIG;
  for (int i = 0; i < INTERRUPTIONS_MAX; i++) {
    if (fallocate(fd, 0, (off_t)offset, (off_t)bytes) == 0)
      return 0;
    if (errno != EINTR)
      break;
  }
  if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)
    return errno;
  // A file system without fallocate: written zeros are room as well.
  static const char zeros[16384];
  while (bytes > 0) {
    size_t part = bytes < sizeof zeros ? (size_t)bytes : sizeof zeros;
    ssize_t n = pwrite(fd, zeros, part, (off_t)offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n < 0 ? errno : ENOSPC;
    offset += (uint64_t)n;
    bytes -= (uint64_t)n;
  }
  return 0;
}

// Opens a directory of the user's own, which is made if it is not there. -1: *error says why.
static int open_private_directory(const char *path, int *error) {
  if (mkdir(path, 0700) != 0 && errno != EEXIST) {
    *error = errno;
    return -1;
  }
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    *error = errno;
    return -1;
  }
  struct stat status;
  if (fstat(fd, &status) != 0)
    *error = errno;
  else if (status.st_uid != geteuid())
    *error = NOT_OURS;
  else if ((status.st_mode & 077) != 0)
    *error = NOT_PRIVATE;
  else
    return fd;
  close(fd);
  return -1;
}

// Makes the file `name` in a directory and room in it. 0, or what is wrong.
static int create(struct nck_place *place, int directory, const char *name, uint64_t bytes,
                  int *fd) {
  int file = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0)
    return errno;
  struct stat status;
  int error = fstat(file, &status) != 0 ? errno : 0;
  if (error == 0 && fchmod(file, 0600) != 0) // a umask may have taken our own rights away
    error = errno;
  if (error == 0)
    error = nck_place_allocate(file, 0, bytes);
  if (error == 0) {
    // Some file systems keep files but cannot map them shared.
    void *page = mmap(NULL, NCK_RECORD_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED)
      error = errno;
    else
      munmap(page, NCK_RECORD_PAGE_BYTES);
  }
  if (error != 0) {
    unlinkat(directory, name, 0);
    close(file);
    return error;
  }
  place->device = status.st_dev;
  place->inode = status.st_ino;
  *fd = file;
  return 0;
}

// A file named by pid and start time in a directory.
static int create_in_directory(struct nck_place *place, int directory, const char *path,
                               uint64_t bytes, int *fd) {
  char name[96];
  uint64_t ticks = nck_place_start_ticks(getpid());
  // The same pid and start time again: the process has replaced itself by exec, and its first
  // record stays.
  for (int i = 1; i < 1000; i++) {
    if (i == 1)
      snprintf(name, sizeof name, "%ld-%llu%s", (long)getpid(), (unsigned long long)ticks,
               NCK_RECORD_SUFFIX);
    else
      snprintf(name, sizeof name, "%ld-%llu-%d%s", (long)getpid(), (unsigned long long)ticks, i,
               NCK_RECORD_SUFFIX);
    int n = snprintf(place->path, sizeof place->path, "%s/%s", path, name);
    if (n < 0 || (size_t)n >= sizeof place->path)
      return TOO_LONG;
    int error = create(place, directory, name, bytes, fd);
    if (error != EEXIST)
      return error;
  }
  return EEXIST;
}

// What stands at a path where the user wants the record: 0 nothing or a finished record, which may
// go; EBUSY the record of a process that is still there; else why not.
static int judge_existing(const char *path) {
  struct stat status;
  if (lstat(path, &status) != 0)
    return errno == ENOENT ? 0 : errno;
  if (!S_ISREG(status.st_mode))
    return NOT_A_RECORD;
  if (status.st_uid != geteuid())
    return NOT_OURS;
  if (status.st_size == 0) // made by mktemp, say
    return 0;
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return errno;
  struct {
    char magic[8];
    uint32_t version, header_bytes, pid, ppid;
    uint64_t start_wall_ns, start_mono_ns, start_ticks;
  } start;
  _Static_assert(offsetof(struct nck_record_header, start_ticks) == sizeof start - 8,
                 "the beginning of a record's header");
  ssize_t n = pread(fd, &start, sizeof start, 0);
  close(fd);
  if (n != (ssize_t)sizeof start || memcmp(start.magic, NCK_RECORD_MAGIC, 8) != 0)
    return NOT_A_RECORD;
  uint64_t ticks = nck_place_start_ticks((pid_t)start.pid);
  return ticks != 0 && ticks == start.start_ticks ? EBUSY : 0;
}

// record= names a file. When several processes share the name, the later ones add their pid.
static int create_as_file(struct nck_place *place, const char *path, uint64_t bytes, int *fd) {
  for (int i = 0; i < 1000; i++) {
    int n;
    if (i == 0)
      n = snprintf(place->path, sizeof place->path, "%s", path);
    else if (i == 1)
      n = snprintf(place->path, sizeof place->path, "%s.%ld", path, (long)getpid());
    else
      n = snprintf(place->path, sizeof place->path, "%s.%ld-%d", path, (long)getpid(), i);
    if (n < 0 || (size_t)n >= sizeof place->path)
      return TOO_LONG;
    int error = judge_existing(place->path);
    if (error == EBUSY)
      continue;
    if (error != 0)
      return error;
    unlink(place->path);
    error = create(place, AT_FDCWD, place->path, bytes, fd);
    if (error != EEXIST) // else another process was faster
      return error;
  }
  return EEXIST;
}

static bool make_absolute(const char *path, char *buffer, size_t size) {
  if (*path == '/')
    return (size_t)snprintf(buffer, size, "%s", path) < size;
  char cwd[PATH_MAX];
  if (getcwd(cwd, sizeof cwd) == NULL)
    return false;
  return (size_t)snprintf(buffer, size, "%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, path) < size;
}

static int create_where_asked(struct nck_place *place, const char *given, uint64_t bytes, int *fd) {
  char expanded[PATH_MAX], path[PATH_MAX];
  if (!nck_place_expand(given, expanded, sizeof expanded) ||
      !make_absolute(expanded, path, sizeof path))
    return TOO_LONG;
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return create_as_file(place, path, bytes, fd);
  int error = create_in_directory(place, directory, path, bytes, fd);
  close(directory);
  return error;
}

static int create_privately(struct nck_place *place, const char *path, uint64_t bytes, int *fd) {
  int error;
  int directory = open_private_directory(path, &error);
  if (directory < 0)
    return error;
  error = create_in_directory(place, directory, path, bytes, fd);
  close(directory);
  return error;
}

// How many descriptors the process's table has room for; 0: not known.
static long descriptor_room(void) {
  char text[2048];
  const char *line =
      nck_place_read("/proc/self/status", text, sizeof text) > 0 ? strstr(text, "\nFDSize:") : NULL;
  return line != NULL ? strtol(line + sizeof "\nFDSize:" - 1, NULL, 10) : 0;
}

// A duplicate with a high number instead of `fd`, where programs do not look for theirs. Not beyond
// the room of the table: while it grows, a program with threads stands still for 10 ms and more.
static int raise_descriptor(int fd) {
  enum { FROM_THE_END = 8, WITHOUT_PROC = 64 };
  struct rlimit limit;
  long room = descriptor_room();
  if (room == 0)
    room = WITHOUT_PROC;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)room)
    room = (long)limit.rlim_cur;
  int high = fcntl(fd, F_DUPFD_CLOEXEC, room > FROM_THE_END ? (int)room - FROM_THE_END : 0);
  if (high < 0)
    return fd;
  close(fd);
  return high;
}

static bool create_in_memory(struct nck_place *place, uint64_t bytes, int *fd) {
  int file = memfd_create("napicheck-record", MFD_CLOEXEC);
  if (file < 0)
    return false;
  struct stat status;
  if (fstat(file, &status) != 0 || nck_place_allocate(file, 0, bytes) != 0) {
    close(file);
    return false;
  }
  file = raise_descriptor(file);
  place->device = status.st_dev;
  place->inode = status.st_ino;
  place->in_memory = true;
  place->fd = file;
  snprintf(place->path, sizeof place->path, "/proc/%ld/fd/%d", (long)getpid(), file);
  *fd = file;
  return true;
}

static void say_failure(const char *path, int error) {
  nck_say("cannot keep the record in %s: %s; trying elsewhere", path, reason_text(error));
}

bool nck_place_open(struct nck_place *place, const char *record, int verbosity, uint64_t bytes,
                    int *fd) {
  *place = (struct nck_place){.fd = -1};
  const char *run = secure_getenv("NAPICHECK_RUN");
  int error = ENOENT;
  char path[PATH_MAX] = "";
  if (run != NULL && *run != '\0') {
    error = create_where_asked(place, run, bytes, fd);
    place->in_run = error == 0;
    if (error == 0)
      goto done;
    say_failure(run, error);
  }
  if (*record != '\0') {
    error = create_where_asked(place, record, bytes, fd);
    if (error == 0)
      goto done;
    say_failure(record, error);
  }
  const char *runtime = secure_getenv("XDG_RUNTIME_DIR"), *temporary = secure_getenv("TMPDIR");
  const struct {
    const char *parent;
    bool per_user; // the parent is the user's own already
  } candidates[] = {{runtime, true}, {"/dev/shm", false}, {temporary, false}, {"/tmp", false}};
  for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
    const char *parent = candidates[i].parent;
    if (parent == NULL || *parent != '/') // a relative one is no good elsewhere
      continue;
    int n = candidates[i].per_user
                ? snprintf(path, sizeof path, "%s/napicheck", parent)
                : snprintf(path, sizeof path, "%s/napicheck-%ld", parent, (long)geteuid());
    if (n < 0 || (size_t)n >= sizeof path)
      continue;
    error = create_privately(place, path, bytes, fd);
    if (error == 0)
      goto done;
    // That a usual place is not there or not for us is no news; that it is full or somebody else's
    // is.
    bool usual = error == ENOENT || error == EACCES || error == EPERM || error == EROFS;
    if (!usual || verbosity > 0)
      say_failure(path, error);
  }
  if (create_in_memory(place, bytes, fd)) {
    nck_say(
        "cannot keep the record in a file (%s: %s): it is in memory only, and lost if the process "
        "is killed",
        path, reason_text(error));
    return true;
  }
  nck_say("cannot keep a record (%s: %s): this process is not checked", path, reason_text(error));
  return false;

done:
  // A privileged process may give up its rights later and could not open the file again.
  if (geteuid() == 0)
    place->fd = *fd = raise_descriptor(*fd);
  return true;
}

static bool is_ours(const struct nck_place *place, int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && status.st_dev == place->device && status.st_ino == place->inode;
}

int nck_place_acquire(struct nck_place *place) {
  // The program may have closed all descriptors, and opened others with these numbers.
  if (place->fd >= 0 && is_ours(place, place->fd))
    return place->fd;
  place->fd = -1;
  if (place->in_memory) {
    errno = EBADF;
    return -1;
  }
  int fd = open(place->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && !is_ours(place, fd)) {
    close(fd);
    errno = ENOENT;
    return -1;
  }
  return fd;
}

void nck_place_release(struct nck_place *place, int fd) {
  if (fd >= 0 && fd != place->fd)
    close(fd);
}

void nck_place_forget(struct nck_place *place) {
  if (place->fd >= 0 && is_ours(place, place->fd))
    close(place->fd);
  place->fd = -1;
}

bool nck_place_is_there(const struct nck_place *place) {
  struct stat status;
  return place->in_memory || (lstat(place->path, &status) == 0 && status.st_dev == place->device &&
                              status.st_ino == place->inode);
}

void nck_place_remove(struct nck_place *place) {
  if (!place->in_memory && nck_place_is_there(place))
    unlink(place->path);
}
