// held.c: memory for records of ours in which pointers of the addon stand: blocks of few sizes from
// anonymous mappings, which the scan searches like any other.
#include "held.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "forks.h"

enum { CLASS_BYTES = 32, CLASSES = 8, MAPPING_BYTES = 1 << 18 };

struct free_block {
  struct free_block *next;
};

static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER; // of all below; nests in nothing
NCK_FORKS_HOLD(held_lock)
static struct free_block *free_blocks[CLASSES];
static char *fresh, *fresh_end;

static size_t held_bytes;

void *nck_held_alloc(size_t bytes) {
  size_t class = (bytes + CLASS_BYTES - 1) / CLASS_BYTES;
  if (bytes == 0 || class > CLASSES)
    return NULL;
  void *result = NULL;
  pthread_mutex_lock(&held_lock);
  struct free_block *block = free_blocks[class - 1];
  if (block != NULL) {
    free_blocks[class - 1] = block->next;
    block->next = NULL;
    result = block;
  } else {
    if ((size_t)(fresh_end - fresh) < class * CLASS_BYTES) {
      // Who needs a second one will need all of it.
      char *mapping =
          mmap(NULL, MAPPING_BYTES, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | (held_bytes > 0 ? MAP_POPULATE : 0), -1, 0);
      if (mapping != MAP_FAILED) {
        fresh = mapping;
        fresh_end = mapping + MAPPING_BYTES;
        held_bytes += MAPPING_BYTES;
      }
    }
    if ((size_t)(fresh_end - fresh) >= class * CLASS_BYTES) {
      result = fresh;
      fresh += class * CLASS_BYTES;
    }
  }
  pthread_mutex_unlock(&held_lock);
  return result;
}

void nck_held_free(void *block, size_t bytes) {
  if (block == NULL)
    return;
  size_t class = (bytes + CLASS_BYTES - 1) / CLASS_BYTES;
  memset(block, 0, class * CLASS_BYTES);
  struct free_block *free_block = block;
  pthread_mutex_lock(&held_lock);
  free_block->next = free_blocks[class - 1];
  free_blocks[class - 1] = free_block;
  pthread_mutex_unlock(&held_lock);
}

size_t nck_held_bytes(void) {
  pthread_mutex_lock(&held_lock);
  size_t bytes = held_bytes;
  pthread_mutex_unlock(&held_lock);
  return bytes;
}
