// recorder.h: writes the record (napicheck/record.h) that outlives the process.
//
// One mapped file; every table has an address range of its own, reserved once, so a row never moves and a row pointer stays good. Room is
// allocated in the file before it is used (a full /dev/shm must not become a SIGBUS). When there is no more room the tool goes blind:
// appends return 0, nck_recorder_is_blind() is true, and the header says since when and why. Appending is safe from any thread; rows are
// published (n_rows) after they are zero. None of these functions touches errno.
#ifndef NAPICHECK_SHIM_RECORDER_H
#define NAPICHECK_SHIM_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "napicheck/record.h"

// Row base addresses, valid after nck_recorder_open; index with row numbers that were appended.
struct nck_recorder {
  struct nck_record_header *header; // NULL while closed
  char *strings;
  uint64_t *stacks;
  struct nck_module *modules;
  struct nck_thread *threads;
  struct nck_env_row *envs;
  struct nck_site *sites;
  struct nck_series *series;
  struct nck_object *objects;
  struct nck_fate *fates;
  struct nck_finding *findings;
  struct nck_finalizer_row *finalizers;
  struct nck_failed_call *failed;
  struct nck_profile *profiles;
};
extern struct nck_recorder nck_recorder;

// Opens the record when the first addon is loaded: record=, else a private directory (0700, owned by the user, no symbolic link) under
// $XDG_RUNTIME_DIR, /dev/shm, $TMPDIR or /tmp, else an anonymous memfd; file mode 0600, O_EXCL, O_NOFOLLOW, O_CLOEXEC, high descriptor
// numbers only while needed (closed after mapping is fine if growth can reopen). Under NAPICHECK_RUN=DIR the file goes there. Fills the
// header's identity (pid, argv, times, options ...). False: nothing could be opened; said once on stderr; the caller forwards untouched.
bool nck_recorder_open(void);

// The record's path, or /proc/self/fd/N for a memfd, for the reader. Valid after a successful open.
const char *nck_recorder_path(void);

// Appends n zeroed consecutive rows; returns the index of the first, 0 when blind. Never returns 0 on success. Thread-safe.
uint32_t nck_recorder_append(enum nck_table table, uint32_t n);

// Appends (and keeps once, by a hash) a string of `length` bytes; invalid UTF-8 is replaced by '?'. Returns its index, 0 when blind or
// empty. Thread-safe.
uint32_t nck_recorder_string(const char *text, size_t length);

// Goes blind: from now on nothing is judged. The first reason stays. Thread-safe.
void nck_recorder_go_blind(const char *reason);
bool nck_recorder_is_blind(void);

// Milliseconds since the start from CLOCK_MONOTONIC_COARSE (about 5 ns), and exact nanoseconds.
uint32_t nck_recorder_ms(void);
uint64_t nck_recorder_ns(void);

// Address ranges of the record's mappings and reservations, which the scan must leave out. Returns how many were written (at most max).
struct nck_range {
  uintptr_t low, high;
};
size_t nck_recorder_ranges(struct nck_range *ranges, size_t max);

// In the child of a fork: the record belongs to the parent. Replaces all mappings by private copies so that nothing more is written to the
// parent's file, and gives the child a record of its own (a copy, with the child's pid) when it goes on using addons; see the source.
void nck_recorder_after_fork_child(void);

// Marks the end in the header (state ENDING, how, code).
void nck_recorder_end(enum nck_end how, int code);

// Private memory of ours outside the record, never returned to the addon: page-granular, from mmap, listed in nck_recorder_ranges.
// NULL when there is none. Thread-safe. Small objects are carved from 64 KiB blocks; nck_own_free puts them on a list for their size.
void *nck_own_alloc(size_t bytes);
void nck_own_free(void *block, size_t bytes);

#endif
