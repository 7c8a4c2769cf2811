// block.c: blocks of the C library's malloc.
//
// The heap of glibc's first arena is a row of blocks. Before each stand two words: the size of the
// block before it, where that one is free, and its own size, whose low bits say whether the one
// before is in use (P), whether it is a mapping of its own (M), whether it belongs to another arena
// (A). A block is in use when the next one says so. Freed ones that wait in a thread's cache or a
// fast bin are in use by that, but hold a link in their first word.
// What stood before a block stays there when it is merged with its neighbours, so only a walk from
// the first block on tells where blocks begin.
#define _GNU_SOURCE
#include "block.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "own.h"
#include "place.h"

enum { MOST_WALKS = 4 };
enum { WORD = 8, HEAD = 2 * WORD, ALIGNMENT = 16, LEAST = 32, IN_USE = 1, MAPPED = 2 };
#define FLAGS 7ull
#define MOST_BYTES (1ull << 40)
#define READ_BYTES ((size_t)64 << 10)

// Memory as it is read, a piece at a time.
struct reader {
  uint8_t *piece;
  uintptr_t low;
  size_t bytes;
};

static bool read_words(struct reader *reader, uintptr_t from, uint64_t *words, size_t n) {
  if (from < reader->low || from + n * WORD > reader->low + reader->bytes) {
    struct iovec here = {reader->piece, READ_BYTES}, there = {(void *)from, READ_BYTES};
    ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
    reader->low = from;
    reader->bytes = got > 0 ? (size_t)got : 0;
    if (reader->bytes < n * WORD)
      return false;
  }
  memcpy(words, reader->piece + (from - reader->low), n * WORD);
  return true;
}

static bool is_readable(uintptr_t address) {
  uint64_t word;
  struct iovec here = {&word, WORD}, there = {(void *)address, WORD};
  return address >> 16 != 0 && address >> 47 == 0 &&
         process_vm_readv(getpid(), &here, 1, &there, 1, 0) == WORD;
}

// May a block with that first word be a freed one that waits to be used again? Its word is then the
// address of another one, or 0; from glibc 2.32 on, scrambled by its own address.
static bool may_wait(uintptr_t start, uint64_t first) {
  static int is_scrambled = -1;
  if (is_scrambled < 0) {
    const char *version = gnu_get_libc_version();
    is_scrambled =
        strtol(version, NULL, 10) > 2 || (version[1] == '.' && strtol(version + 2, NULL, 10) >= 32);
  }
  uintptr_t link = is_scrambled ? first ^ start >> 12 : first;
  return link == 0 || (link % ALIGNMENT == 0 && is_readable(link));
}

static uint64_t bytes_of(uint64_t head) { return head & ~FLAGS; }

static bool is_sane(uint64_t head) {
  return bytes_of(head) >= LEAST && bytes_of(head) % ALIGNMENT == 0 && bytes_of(head) < MOST_BYTES;
}

// A block that is a mapping of its own.
static bool is_mapping(struct reader *reader, uintptr_t start, struct nck_range *block) {
  uint64_t head[2];
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  if (start % ALIGNMENT != 0 || start >> 16 == 0 || start >> 47 != 0 ||
      !read_words(reader, start - HEAD, head, 2) || !is_sane(head[1]) ||
      (head[1] & FLAGS) != MAPPED || head[0] > page || (start - HEAD - head[0]) % page != 0 ||
      (bytes_of(head[1]) + head[0]) % page != 0)
    return false;
  *block = (struct nck_range){start, start - HEAD + bytes_of(head[1])};
  return is_readable(block->high - WORD);
}

// Is the block at `at` allocated? `words`: its head, and the next one's.
static bool is_allocated(struct reader *reader, uintptr_t at, const uint64_t *words) {
  uint64_t after[2], first;
  const uint64_t *next = words + 2;
  uintptr_t next_at = at + bytes_of(words[1]);
  if ((next[1] & IN_USE) == 0 || !is_sane(next[1]))
    return false;
  // Links of a free block behind it would look like pointers to its last word.
  if (!read_words(reader, next_at + bytes_of(next[1]), after, 2) || (after[1] & IN_USE) == 0)
    return false;
  return read_words(reader, at + HEAD, &first, 1) && !may_wait(at + HEAD, first);
}

// False when it ended before the last block: another thread has merged or split blocks meanwhile,
// or the heap is not as we think.
static bool walk(struct reader *reader, const uintptr_t *starts, size_t n,
                 struct nck_range *blocks) {
  // Where the heap of the first arena begins (start_brk); 0: not known.
  uintptr_t at = (nck_place_stat(getpid(), 47) + ALIGNMENT - 1) & -(uintptr_t)ALIGNMENT,
            end = (uintptr_t)sbrk(0);
  size_t i = 0;
  reader->bytes = 0; // what was read before is old
  while (at != 0 && i < n && at + HEAD < end) {
    uint64_t words[4]; // its head, and the next one's behind it
    if (!read_words(reader, at, words, 2) || !is_sane(words[1]) || (words[1] & (FLAGS - IN_USE)) ||
        at + bytes_of(words[1]) + HEAD > end ||
        !read_words(reader, at + bytes_of(words[1]), words + 2, 2))
      return is_sane(words[1]) && at + bytes_of(words[1]) + HEAD > end; // the last block
    while (i < n && starts[i] < at + HEAD)
      i++;
    for (; i < n && starts[i] == at + HEAD; i++)
      if (is_allocated(reader, at, words))
        blocks[i] = (struct nck_range){at + HEAD, at + bytes_of(words[1]) + WORD};
    at += bytes_of(words[1]);
  }
  return true;
}

void nck_block_find(const uintptr_t *starts, size_t n, struct nck_range *blocks) {
  int saved_errno = errno;
  struct reader reader = {.piece = nck_own_alloc(READ_BYTES)};
  bool is_whole = reader.piece == NULL;
  memset(blocks, 0, n * sizeof *blocks);
  for (int walks = 0; walks < MOST_WALKS && !is_whole; walks++) {
    for (size_t i = 0; i < n; i++)
      if (!is_mapping(&reader, starts[i], &blocks[i]))
        blocks[i].low = blocks[i].high = 0;
    is_whole = walk(&reader, starts, n, blocks);
  }
  nck_own_free(reader.piece, READ_BYTES);
  errno = saved_errno;
}
