// scan.h: does the addon still hold it? A conservative search of the process's live memory for our
// tokens.
//
// Searched: every mapping that can be written, private or shared (data segments, heaps, V8's pages,
// thread-local storage), private memory that was written and then sealed, and of each thread's
// stack only the part above its stack pointer (/proc/self/task/TID/syscall; the whole of it while
// the thread runs, or where it cannot be told for certain). Left out: our own data, the record,
// nck_own_alloc memory, pages never touched and files' pages never written
// (/proc/self/pagemap), devices. Memory is read through the kernel, so that a mapping that goes
// away in between is no fault. Freed memory that still holds a copy counts as memory that holds
// one.
//
// The low four bits of a word are ignored (addons keep flags there). Objects that are about to be
// called lost are looked for once more: with threads and mappings as they are then, at every byte
// offset.
//
// Not seen: a copy that stands only in a register of another thread which waits in the kernel; a
// shared page of ours that was swapped out.
#ifndef NAPICHECK_SHIM_SCAN_H
#define NAPICHECK_SHIM_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "recorder.h"

// Tokens (object.h): word & NCK_TOKEN_TAG_MASK == NCK_TOKEN_TAG; slot and generation decode as
// below. Looks for the tokens of all live objects whose evidence is NCK_EVIDENCE_NONE and for which
// `wanted(object row, arg)` says true, and sets evidence, held_module, held_offset of each: LOST
// where no copy was found. held_offset: STATIC: the address without held_module's load bias; STACK:
// the thread's tid; else the address. Of several copies the most telling counts: static data,
// stacks, heap, shared, other. Fills the header's scan_* fields (bytes and time of all scans
// together); on failure (no /proc, no memory) nothing is called lost, scan_state is 2 with a
// reason, and the result is false. `sp` is the caller's stack pointer: below it this thread's stack
// is dead. Any thread, one at a time (others wait). Keeps errno.
bool nck_scan_run(bool (*wanted)(uint32_t object, void *arg), void *arg, const void *sp);

// Is there a word that points into these blocks of memory? `blocks`: sorted, none over another;
// is_found[i] is set where there is, all of it false before. Searched like tokens are, and a
// pointer may have flags in its upper 16 bits, or be a JavaScript number. False: it could not be
// searched.
bool nck_scan_blocks(const struct nck_range *blocks, size_t n, bool *is_found, const void *sp);

// Calls held what stands in the memory that `start` leads to: 64 blocks of 512 bytes, near ones
// first. For a runtime that runs finalizers at the end of an env before any hook tells of it: what
// they are about to free was held until now. Cheap beside a search; the env's own thread.
void nck_scan_note_reachable(const void *start);

#endif
