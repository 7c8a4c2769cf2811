// own.c: private memory of ours, outside the record and outside the program's allocator.
//
// Small blocks (to 1024 bytes) come in steps of 16, larger ones in powers of two; each size has a
// list of free blocks.
#define _GNU_SOURCE
#include "own.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE_BYTES 4096u
#define SMALL_MAX 1024u
#define N_SMALL (SMALL_MAX / 16)
#define N_CLASSES (N_SMALL + 64)
#define LARGE_BYTES (128u << 10) // from here on a free block's pages are returned
#define RESERVE_MAX ((size_t)8 << 30)
#define RESERVE_MIN ((size_t)1 << 20)
#define STEP_FIRST ((size_t)64 << 10)
#define STEP_MAX ((size_t)1 << 20)

struct free_block {
  struct free_block *next;
};

// Protects everything below. Innermost of all locks.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *arena;           // NULL before the first use
static size_t reserved_bytes; // from `arena`
static size_t usable_bytes;   // of them readable and writable
static size_t used_bytes;     // of them handed out at least once
static bool failed;           // no arena could be reserved
static struct free_block *free_blocks[N_CLASSES];

static size_t class_of(size_t bytes, size_t *rounded) {
  if (bytes <= SMALL_MAX) {
    size_t steps = bytes == 0 ? 1 : (bytes + 15) / 16;
    *rounded = steps * 16;
    return steps - 1;
  }
  unsigned power = 64 - (unsigned)__builtin_clzl(bytes - 1);
  *rounded = (size_t)1 << power;
  return N_SMALL + power;
}

static bool reserve(void) {
  size_t most = RESERVE_MAX;
  struct rlimit limit;
  // A limited address space is the program's: take a small part of it.
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    while (most > limit.rlim_cur / 32 && most > 16 * RESERVE_MIN)
      most /= 2;
  for (size_t bytes = most; bytes >= RESERVE_MIN; bytes /= 4) {
    void *block = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block != MAP_FAILED) {
      reserved_bytes = bytes;
      __atomic_store_n(&arena, (char *)block, __ATOMIC_RELEASE);
      return true;
    }
  }
  failed = true;
  return false;
}

static void *carve(size_t bytes) {
  if (arena == NULL && (failed || !reserve()))
    return NULL;
  size_t at = used_bytes;
  if (bytes >= PAGE_BYTES)
    at = (at + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
  if (bytes > reserved_bytes || at > reserved_bytes - bytes)
    return NULL;
  if (at + bytes > usable_bytes) {
    size_t step = usable_bytes < STEP_FIRST ? STEP_FIRST : usable_bytes;
    if (step > STEP_MAX)
      step = STEP_MAX;
    size_t wanted = at + bytes - usable_bytes;
    if (step < wanted)
      step = (wanted + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    if (step > reserved_bytes - usable_bytes)
      step = reserved_bytes - usable_bytes;
    if (mprotect(arena + usable_bytes, step, PROT_READ | PROT_WRITE) != 0)
      return NULL;
    __atomic_store_n(&usable_bytes, usable_bytes + step, __ATOMIC_RELAXED);
  }
  used_bytes = at + bytes;
  return arena + at;
}

void *nck_own_alloc(size_t bytes) {
  if (bytes > RESERVE_MAX)
    return NULL;
  int saved = errno;
  size_t rounded;
  size_t class = class_of(bytes, &rounded);
  pthread_mutex_lock(&lock);
  struct free_block *block = free_blocks[class];
  if (block != NULL)
    free_blocks[class] = block->next;
  void *fresh = block == NULL ? carve(rounded) : NULL;
  pthread_mutex_unlock(&lock);
  if (block != NULL)
    memset(block, 0, rounded >= LARGE_BYTES ? sizeof *block : rounded);
  errno = saved;
  return block != NULL ? (void *)block : fresh;
}

void nck_own_free(void *block, size_t bytes) {
  if (block == NULL)
    return;
  int saved = errno;
  size_t rounded;
  size_t class = class_of(bytes, &rounded);
  // A large block is handed out again without clearing it: its pages must really be gone.
  if (rounded >= LARGE_BYTES && madvise(block, rounded, MADV_DONTNEED) != 0)
    memset(block, 0, rounded);
  struct free_block *head = block;
  pthread_mutex_lock(&lock);
  head->next = free_blocks[class];
  free_blocks[class] = head;
  pthread_mutex_unlock(&lock);
  errno = saved;
}

uint64_t nck_own_bytes(void) { return __atomic_load_n(&usable_bytes, __ATOMIC_RELAXED); }

void nck_own_range(uintptr_t *low, uintptr_t *high) {
  char *base = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);
  *low = (uintptr_t)base;
  *high = base != NULL ? (uintptr_t)base + reserved_bytes : 0;
}

void nck_own_fork_lock(void) { pthread_mutex_lock(&lock); }

void nck_own_fork_unlock(void) { pthread_mutex_unlock(&lock); }
