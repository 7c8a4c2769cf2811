// shim_fake_recorder.c: a recorder in plain memory and fixed options.
#define _GNU_SOURCE
#include "shim_fake_recorder.h"

#include <fnmatch.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "interpose.h"
#include "options.h"
#include "stack.h"

struct nck_recorder nck_recorder;
struct nck_options nck_options = {.stack_depth = 24, .modules = ""};
struct nck_interposed nck_interposed;

enum { ROWS = 1 << 22, STRING_BYTES = 1 << 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
bool nck_recorder_blind;
static size_t own_bytes;
static struct nck_range ranges[4096];
static size_t n_ranges;

static void *reserve(size_t bytes) {
  void *memory =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    abort();
  pthread_mutex_lock(&lock);
  if (n_ranges == sizeof ranges / sizeof *ranges)
    abort();
  ranges[n_ranges++] = (struct nck_range){(uintptr_t)memory, (uintptr_t)memory + bytes};
  pthread_mutex_unlock(&lock);
  return memory;
}

void fake_recorder_open(void) {
  nck_recorder.strings = reserve(STRING_BYTES);
  nck_recorder.stacks = reserve((size_t)ROWS * sizeof *nck_recorder.stacks);
  nck_recorder.modules = reserve((size_t)70000 * sizeof *nck_recorder.modules);
  nck_recorder.objects = reserve((size_t)ROWS * 4 * sizeof *nck_recorder.objects);
  nck_recorder.header = reserve(sizeof *nck_recorder.header);
  for (int i = 0; i < NCK_N_TABLES; i++)
    nck_recorder.header->n_rows[i] = 1;
}

void fake_recorder_fill(bool full) { nck_recorder_blind = full; }

size_t fake_recorder_own_bytes(void) { return own_bytes; }

const char *fake_recorder_text(uint32_t string) { return nck_recorder.strings + string; }

uint32_t nck_recorder_append(enum nck_table table, uint32_t n) {
  return nck_recorder_blind ? 0
                            : (uint32_t)__atomic_fetch_add(&nck_recorder.header->n_rows[table], n,
                                                           __ATOMIC_SEQ_CST);
}

uint32_t nck_recorder_string(const char *text, size_t length) {
  uint64_t *end = &nck_recorder.header->n_rows[NCK_TABLE_STRING];
  uint32_t found = 0;
  if (nck_recorder_blind || length == 0)
    return 0;
  pthread_mutex_lock(&lock);
  for (uint64_t at = 1; at < *end && found == 0; at += strlen(nck_recorder.strings + at) + 1)
    if (strlen(nck_recorder.strings + at) == length &&
        memcmp(nck_recorder.strings + at, text, length) == 0)
      found = (uint32_t)at;
  if (found == 0) {
    found = (uint32_t)*end;
    memcpy(nck_recorder.strings + found, text, length);
    *end += length + 1;
  }
  pthread_mutex_unlock(&lock);
  return found;
}

void nck_recorder_go_blind(const char *reason) {
  (void)reason;
  nck_recorder_blind = true;
}

uint32_t nck_recorder_ms(void) { return (uint32_t)(nck_recorder_ns() / 1000000); }

uint64_t nck_recorder_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

size_t nck_recorder_ranges(struct nck_range *out, size_t max) {
  pthread_mutex_lock(&lock);
  size_t n = n_ranges < max ? n_ranges : max;
  memcpy(out, ranges, n * sizeof *out);
  pthread_mutex_unlock(&lock);
  return n;
}

// One range, as in own.c: pages from a reservation, and a list of what was given back.
static char *own_low, *own_next;
static struct {
  char *block;
  size_t bytes;
} given_back[4096];
static size_t n_given_back;

void *nck_own_alloc(size_t bytes) {
  char *block = NULL;
  if (nck_recorder_blind)
    return NULL;
  bytes = (bytes + 4095) & ~(size_t)4095;
  __atomic_fetch_add(&own_bytes, bytes, __ATOMIC_RELAXED);
  if (own_low == NULL)
    own_low = own_next = reserve((size_t)4 << 30);
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < n_given_back && block == NULL; i++)
    if (given_back[i].bytes == bytes) {
      block = given_back[i].block;
      given_back[i] = given_back[--n_given_back];
    }
  if (block == NULL) {
    block = own_next;
    own_next += bytes;
  }
  pthread_mutex_unlock(&lock);
  return block;
}

void nck_own_free(void *block, size_t bytes) {
  if (block == NULL)
    return;
  bytes = (bytes + 4095) & ~(size_t)4095;
  __atomic_fetch_sub(&own_bytes, bytes, __ATOMIC_RELAXED);
  madvise(block, bytes, MADV_DONTNEED);
  pthread_mutex_lock(&lock);
  if (n_given_back == sizeof given_back / sizeof *given_back)
    abort();
  given_back[n_given_back].block = block;
  given_back[n_given_back++].bytes = bytes;
  pthread_mutex_unlock(&lock);
}

bool nck_options_want_package(const char *name, const char *version) {
  return *version != '\0' && fnmatch(nck_options.modules, name, 0) == 0;
}

bool nck_options_want_module(const char *path) {
  const char *slash = strrchr(path, '/');
  return nck_options.modules[0] == 0 ||
         fnmatch(nck_options.modules, slash != NULL ? slash + 1 : path, 0) == 0;
}

// No callback of an addon is entered here.
const void *nck_stack_entered(const void *limit) {
  (void)limit;
  return NULL;
}
