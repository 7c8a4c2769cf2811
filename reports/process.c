// process.c: what /proc says about the process of a record, and which run it belongs to.
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "napicheck/record.h"

#define ENVIRON_MAX_BYTES (4u << 20)
#define FLAG_EXITING 4u // PF_EXITING of the kernel: nothing of the program runs any more

struct process_stat {
  char state;
  uint32_t ppid, flags;
  uint64_t start_ticks;
};

static bool read_stat(uint32_t pid, struct process_stat *stat) {
  char name[64], text[1024];
  snprintf(name, sizeof name, "/proc/%u/stat", pid);
  FILE *file = fopen(name, "re");
  if (!file)
    return false;
  size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[n] = '\0';
  // The program's name, in parentheses, may hold anything.
  const char *at = strrchr(text, ')');
  unsigned long long start;
  if (!at ||
      sscanf(at + 1,
             " %c %u %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
             &stat->state, &stat->ppid, &stat->flags, &start) != 4)
    return false;
  stat->start_ticks = start;
  return true;
}

bool nck_process_is_alive(uint32_t pid, uint64_t start_ticks) {
  struct process_stat stat;
  return pid && read_stat(pid, &stat) && stat.start_ticks == start_ticks && stat.state != 'Z' &&
         stat.state != 'X' && !(stat.flags & FLAG_EXITING);
}

char *nck_process_find_record(uint32_t pid, struct nck_error *error) {
  char name[64];
  snprintf(name, sizeof name, "/proc/%u/maps", pid);
  FILE *file = fopen(name, "re");
  if (!file) {
    if (errno == ENOENT)
      nck_error_set(error, "there is no process %u", pid);
    else
      nck_error_set(error, "cannot look into process %u: %s", pid, strerror(errno));
    return NULL;
  }
  char *line = NULL, *found = NULL;
  size_t capacity = 0;
  ssize_t n;
  static const char suffix[] = NCK_RECORD_SUFFIX, deleted[] = " (deleted)";
  static const char memory[] = "/memfd:", in_memory[] = "/memfd:napicheck-record";
  while (!found && (n = getline(&line, &capacity, file)) > 0) {
    if (line[n - 1] == '\n')
      line[--n] = '\0';
    char *path = strchr(line, '/');
    if (!path)
      continue;
    size_t length = strlen(path);
    bool gone =
        length > sizeof deleted - 1 && !strcmp(path + length - (sizeof deleted - 1), deleted);
    if (gone)
      path[length -= sizeof deleted - 1] = '\0';
    bool record =
        !strcmp(path, in_memory) ||
        (length >= sizeof suffix - 1 && !strcmp(path + length - (sizeof suffix - 1), suffix));
    if (!record)
      continue;
    if (!gone && strncmp(path, memory, sizeof memory - 1) != 0) {
      found = nck_memory_text(path);
    } else {
      // A record without a name is still to be had through the mapping itself.
      unsigned long low, high;
      if (sscanf(line, "%lx-%lx", &low, &high) == 2) {
        struct nck_text text = {0};
        nck_text_add(&text, "/proc/%u/map_files/%lx-%lx", pid, low, high);
        found = text.text;
      }
    }
  }
  free(line);
  fclose(file);
  if (!found)
    nck_error_set(error,
                  "process %u has no record: it was not started under napicheck, or has loaded "
                  "no addon yet",
                  pid);
  return found;
}

// The whole of /proc/PID/environ; NULL when it cannot be read. The caller frees.
static char *read_environ(uint32_t pid, size_t *length) {
  char name[64];
  snprintf(name, sizeof name, "/proc/%u/environ", pid);
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  char *text = NULL;
  size_t used = 0, capacity = 0;
  ssize_t n;
  do {
    text = nck_memory_grow(text, &capacity, used + 65536, 1);
    n = read(fd, text + used, 65535);
    if (n > 0)
      used += (size_t)n;
  } while (n > 0 && used < ENVIRON_MAX_BYTES);
  close(fd);
  text[used] = '\0';
  *length = used;
  return text;
}

static const char *find_variable(const char *environ_text, size_t length, const char *name) {
  size_t n = strlen(name);
  for (const char *at = environ_text; at < environ_text + length; at += strlen(at) + 1) {
    if (!strncmp(at, name, n) && at[n] == '=')
      return at + n + 1;
  }
  return "";
}

// The entry of LD_PRELOAD that is ours: others may be added on the way down without making another
// run.
static char *find_library(const char *preload) {
  while (*preload) {
    size_t n = strcspn(preload, ": ");
    const char *slash = memrchr(preload, '/', n);
    const char *base = slash ? slash + 1 : preload;
    if (!strncmp(base, "libnapicheck", 12)) {
      struct nck_text library = {0};
      nck_text_add_n(&library, preload, n);
      return library.text;
    }
    preload += n + (preload[n] != '\0');
  }
  return NULL;
}

struct identity {
  char *library, *options; // library NULL: not under napicheck
};

static struct identity identify(uint32_t pid) {
  struct identity identity = {0};
  size_t length;
  char *text = read_environ(pid, &length);
  if (text) {
    identity.library = find_library(find_variable(text, length, "LD_PRELOAD"));
    identity.options = nck_memory_text(find_variable(text, length, "NAPICHECK_OPTIONS"));
    free(text);
  }
  return identity;
}

static void drop_identity(struct identity *identity) {
  free(identity->library);
  free(identity->options);
}

void nck_process_find_root(uint32_t pid, uint32_t *root_pid, uint64_t *root_start_ticks) {
  struct process_stat stat;
  *root_pid = pid;
  *root_start_ticks = read_stat(pid, &stat) ? stat.start_ticks : 0;
  struct identity own = identify(pid);
  while (own.library && stat.ppid > 1) {
    uint32_t parent = stat.ppid;
    struct identity theirs = identify(parent);
    bool same = theirs.library && !strcmp(theirs.library, own.library) &&
                !strcmp(theirs.options, own.options) && read_stat(parent, &stat);
    drop_identity(&theirs);
    if (!same)
      break;
    *root_pid = parent;
    *root_start_ticks = stat.start_ticks;
  }
  drop_identity(&own);
}

bool nck_process_is_in_run(uint32_t pid, const char *folder) {
  size_t length;
  char *text = read_environ(pid, &length); // nothing of one that has ended
  bool is = text && !strcmp(find_variable(text, length, "NAPICHECK_RUN"), folder);
  free(text);
  return is;
}

void nck_process_each_in_run(const char *folder, void (*tell)(uint32_t pid, void *arg), void *arg) {
  DIR *dir = opendir("/proc");
  const struct dirent *entry;
  while (dir && (entry = readdir(dir))) {
    char *end;
    unsigned long pid = strtoul(entry->d_name, &end, 10);
    if (!*end && pid && pid <= INT32_MAX && (pid_t)pid != getpid() &&
        nck_process_is_in_run((uint32_t)pid, folder))
      tell((uint32_t)pid, arg);
  }
  if (dir)
    closedir(dir);
}
