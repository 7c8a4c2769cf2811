// recorder.h: writes the record (napicheck/record.h) that outlives the process.
//
// One mapped file; every table has an address range of its own, reserved once, so a row never moves
// and a row pointer stays good, also when the tool is blind and in the child of a fork. Room is
// allocated in the file before it is used (a full /dev/shm must not become a SIGBUS). When there is
// no more room the tool goes blind: appends return 0, nck_recorder_is_blind() is true, and the
// header says since when and why. Appending is safe from any thread; rows are published (n_rows)
// after they are zero. None of these functions touches errno.
//
// The child of a fork gets private copies of all rows as they were at the fork: what it writes
// never reaches the parent's record, and it has none of its own ("inherited") until
// nck_recorder_open or nck_recorder_adopt makes one.
#ifndef NAPICHECK_SHIM_RECORDER_H
#define NAPICHECK_SHIM_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hidden.h"
#include "napicheck/record.h"
#include "own.h"

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
extern struct nck_recorder nck_recorder NCK_HIDDEN_DATA;

// Opens the record when the first addon is loaded: see place.h for where. Fills the header's
// identity (pid, argv, times, options ...), prepares for fork. Called again it does nothing, but in
// the child of a fork it gives the child a record of its own. False: nothing could be opened (said
// once on stderr): the caller forwards untouched. Thread-safe.
bool nck_recorder_open(void);

// The record's path, or /proc/PID/fd/N where it is only in memory, for the reader. Valid after a
// successful open.
const char *nck_recorder_path(void);

// True when `napicheck run` looks after the record: it stands in its directory.
bool nck_recorder_is_in_run(void);

// Removes the record's file (a clean end with nothing to say). The rows stay readable.
void nck_recorder_remove(void);

// Appends n zeroed consecutive rows; returns the index of the first, 0 when blind. Never returns 0
// on success. Rows appended together lie in one chunk of the file. Thread-safe, without a lock
// unless the table has to grow.
uint32_t nck_recorder_append(enum nck_table table, uint32_t n);

// Appends (and keeps once, by a hash) a string of `length` bytes; invalid UTF-8 is replaced by '?'.
// Returns its index, 0 when blind or empty. Thread-safe.
uint32_t nck_recorder_string(const char *text, size_t length);

// Goes blind: from now on nothing is judged. The first reason stays. Thread-safe.
void nck_recorder_go_blind(const char *reason);
extern bool nck_recorder_blind NCK_HIDDEN_DATA;
static inline bool nck_recorder_is_blind(void) {
  return __atomic_load_n(&nck_recorder_blind, __ATOMIC_RELAXED);
}

// Milliseconds since the start from CLOCK_MONOTONIC_COARSE (about 5 ns), and exact nanoseconds.
uint32_t nck_recorder_ms(void);
uint64_t nck_recorder_ns(void);

// Counts turns of an event loop. A lost update between threads does no harm.
static inline void nck_recorder_turns(uint64_t n) {
  uint32_t *turns = &nck_recorder.header->n_turns;
  __atomic_store_n(turns, __atomic_load_n(turns, __ATOMIC_RELAXED) + (uint32_t)n, __ATOMIC_RELAXED);
}

// Address ranges of the record and of own.h's memory, reservations included, which the scan must
// leave out. Returns how many were written (at most max).
struct nck_range {
  uintptr_t low, high;
};
size_t nck_recorder_ranges(struct nck_range *ranges, size_t max);

// True in the child of a fork that has no record of its own (yet). `called` tells whether Node-API
// was called in it: more calls are counted in the env rows than at the fork.
bool nck_recorder_is_inherited(bool *called);

// Gives the child of a fork a record of its own: a file with all rows that it has, and its own pid.
// The rows stay where they are. False when there was no room: it goes on without. Call it while no
// other thread of the child writes rows.
bool nck_recorder_adopt(void);

// Marks the end in the header (state ENDING, how, code).
void nck_recorder_end(enum nck_end how, int code);

// Takes that back: it was none. False when the record is gone, with its report made.
bool nck_recorder_reopen(void);

#endif
