// place.h: where the record lives: the file, its directory, its name.
//
// In this order: the directory of `napicheck run` (NAPICHECK_RUN), record=, then a private
// directory of the user's own under $XDG_RUNTIME_DIR, /dev/shm, $TMPDIR or /tmp, then memory alone
// (a memfd). A file is always made anew (O_EXCL) and is the user's alone; nothing is followed,
// taken over or truncated.
#ifndef NAPICHECK_SHIM_PLACE_H
#define NAPICHECK_SHIM_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct nck_place {
  char path[PATH_MAX]; // absolute; /proc/PID/fd/N where it is only in memory
  int fd;              // kept open, with a high number, or -1
  dev_t device;
  ino_t inode;
  bool in_memory;
  bool in_run; // in the directory of `napicheck run`, which looks after it
};

// Makes the file and `bytes` bytes of room in it: the first place that has both. `record` is the
// option's value, `verbosity` 1 speaks of every place that failed, 0 only of those that were asked
// for or are suspicious, or when none is left. On success *fd is an open descriptor, which
// nck_place_release gives back.
bool nck_place_open(struct nck_place *place, const char *record, int verbosity, uint64_t bytes,
                    int *fd);

// An open descriptor of the file, which is checked to be that file still; -1 with errno when there
// is none any more.
int nck_place_acquire(struct nck_place *place);
// Gives it back: closes it unless it is kept.
void nck_place_release(struct nck_place *place, int fd);

// Closes the descriptor that is kept (in the child of a fork).
void nck_place_forget(struct nck_place *place);

// Whether the file stands where it was made.
bool nck_place_is_there(const struct nck_place *place);

// Removes the file, if it is that file still.
void nck_place_remove(struct nck_place *place);

// Makes room in the file: after it, writing there cannot fail. 0 or an errno; raises no SIGXFSZ.
int nck_place_allocate(int fd, uint64_t offset, uint64_t bytes);

// Field 22 of /proc/PID/stat: with the pid it tells a process from all others since the boot. 0: no
// such process.
uint64_t nck_place_start_ticks(pid_t pid);

// A number of /proc/PID/stat, by its place as proc(5) counts them, from 3 on; 0: not known.
uint64_t nck_place_stat(pid_t pid, int field);

// Reads up to size - 1 bytes of a file and ends them with NUL. Returns their number, -1 on failure.
ssize_t nck_place_read(const char *path, char *buffer, size_t size);

// Expands %p, %e, %t (seconds since 1970) and %%. False when it does not fit.
bool nck_place_expand(const char *pattern, char *buffer, size_t size);

#endif
