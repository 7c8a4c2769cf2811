// process.h: what /proc says about the process of a record, and which run it belongs to.
#ifndef NAPICHECK_REPORTS_PROCESS_H
#define NAPICHECK_REPORTS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

// True while the process that started at `start_ticks` (field 22 of /proc/PID/stat) is there and
// not a zombie.
bool nck_process_is_alive(uint32_t pid, uint64_t start_ticks);

// The record that a living process writes, by its mappings. The caller frees; NULL with a line in
// `error`.
char *nck_process_find_record(uint32_t pid, struct nck_error *error);

// The topmost ancestor that runs with the same preloaded library and the same NAPICHECK_OPTIONS:
// processes of one run have the same root, and write one report. The process itself when nothing
// can be read.
void nck_process_find_root(uint32_t pid, uint32_t *root_pid, uint64_t *root_start_ticks);

// Whether a process belongs to the `napicheck run` that keeps its records in that folder: it has
// the folder in its environment. False when it has ended or is another user's.
bool nck_process_is_in_run(uint32_t pid, const char *folder);
// Each that does, but for this one.
void nck_process_each_in_run(const char *folder, void (*tell)(uint32_t pid, void *arg), void *arg);

#endif
