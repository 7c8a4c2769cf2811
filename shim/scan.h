// scan.h: does the addon still hold it? A conservative search of the process's live writable memory for our tokens.
//
// Searched: every readable and writable mapping, private or shared (data segments, heaps, V8's pages, thread-local storage), and of each thread's stack
// only the part above its stack pointer (/proc/self/task/TID/syscall; the whole of it while the thread runs). Left out: our own data, the
// record, nck_own_alloc memory, pages never touched (/proc/self/pagemap). Memory is read through /proc/self/mem, so that a mapping that goes away in
// between is no fault. The low four bits of a word are ignored (addons keep flags there). Objects that are about to be called lost are looked for
// once more at every byte offset.
#ifndef NAPICHECK_SHIM_SCAN_H
#define NAPICHECK_SHIM_SCAN_H

#include <stdbool.h>
#include <stdint.h>

// Tokens (object.h): word & NCK_TOKEN_TAG_MASK == NCK_TOKEN_TAG; slot and generation decode as below.
// Looks for the tokens of all live objects whose evidence is NCK_EVIDENCE_NONE and for which `wanted(object row, arg)` says true, and sets evidence,
// held_module, held_offset of each: LOST where no copy was found. Fills the header's scan_* fields; on failure (no /proc, no memory) nothing is called
// lost, scan_state is 2 with a reason, and the result is false. `sp` is the caller's stack pointer: below it this thread's stack is dead.
bool nck_scan_run(bool (*wanted)(uint32_t object, void *arg), void *arg, const void *sp);

#endif
