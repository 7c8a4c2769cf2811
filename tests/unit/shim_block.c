// shim_block.c: which pointers are taken for blocks of malloc's that are allocated.
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "check.h"

enum { BLOCKS = 100 };
static const size_t sizes[] = {24,   40,   104,  120,   200,    1000,
                               1032, 1100, 5000, 40000, 200000, 3000000};
enum { SIZES = sizeof sizes / sizeof *sizes };

static char *blocks[SIZES][BLOCKS];
static struct nck_range ignored;

static bool find(const void *start, struct nck_range *block) {
  uintptr_t address = (uintptr_t)start;
  nck_block_find(&address, 1, block);
  return block->low != 0;
}

// Without the compiler's knowledge of what free does: a freed pointer is what is asked for.
static void *volatile gone;
static void let_go(char *block) {
  gone = block;
  free(gone);
}

static size_t count(size_t size, size_t from, size_t step) {
  size_t n = 0;
  for (size_t i = from; i < BLOCKS; i += step)
    n += find(blocks[size][i], &ignored);
  return n;
}

static size_t number_of(size_t bytes) { return bytes > 100000 ? 10 : BLOCKS; }

// `elsewhere`: in the arena of another thread, of which nothing is known.
static void *test_sizes(void *elsewhere) {
  for (size_t s = 0; s < SIZES; s++) {
    size_t n = number_of(sizes[s]);
    memset(blocks[s], 0, sizeof blocks[s]);
    for (size_t i = 0; i < n; i++) {
      blocks[s][i] = malloc(sizes[s]);
      memset(blocks[s][i], 'x', sizes[s]);
    }
    void *fence = malloc(sizes[s]);
    struct nck_range range;
    if (elsewhere == NULL) {
      CHECK(count(s, 0, 1) >= n - 2); // the last one may have the end of the heap behind it
      CHECK(find(blocks[s][1], &range));
      CHECK(range.low == (uintptr_t)blocks[s][1] && range.high >= range.low + sizes[s] &&
            range.high <= range.low + malloc_usable_size(blocks[s][1]));
    } else {
      CHECK(sizes[s] > 2000000 || count(s, 0, 1) == 0);
    }
    // None that begins elsewhere.
    for (size_t offset = 1; offset < 24; offset++)
      CHECK(!find(blocks[s][1] + offset, &range));
    // Every second one, so that none is merged with its neighbour; then all.
    for (size_t i = 0; i < n; i += 2)
      let_go(blocks[s][i]);
    CHECK_UINT(count(s, 0, 2), 0);
    for (size_t i = 1; i < n; i += 2)
      let_go(blocks[s][i]);
    CHECK_UINT(count(s, 0, 1), 0);
    free(fence);
    malloc_trim(0); // what waited is merged
    CHECK_UINT(count(s, 0, 1), 0);
    // Larger blocks over the place where they stood.
    char *over[8];
    for (int i = 0; i < 8; i++)
      over[i] = malloc(sizes[s] * 3);
    size_t n_over = 0;
    for (size_t i = 0; i < n; i++)
      for (int k = 0; k < 8; k++)
        n_over += blocks[s][i] == over[k];
    CHECK(count(s, 0, 1) <= n_over);
    for (int i = 0; i < 8; i++)
      free(over[i]);
  }
  return elsewhere;
}

// Freed from the end and from the middle, in an order that merges them in every way.
static void test_merges(void) {
  for (unsigned seed = 1; seed <= 20; seed++) {
    char *all[64];
    bool is_there[64];
    srand(seed);
    for (int i = 0; i < 64; i++) {
      all[i] = malloc(1100 + (size_t)(rand() % 8) * 160);
      is_there[i] = true;
    }
    for (int i = 0; i < 200; i++) {
      int at = rand() % 64;
      if (is_there[at])
        let_go(all[at]);
      else
        all[at] = malloc(1100 + (size_t)(rand() % 40) * 160);
      is_there[at] = !is_there[at];
      for (int k = 0; k < 64 && i % 8 == 0; k++) {
        bool is_anothers = false;
        for (int other = 0; other < 64; other++)
          is_anothers |= other != k && is_there[other] && all[other] == all[k];
        if (!is_there[k] && !is_anothers)
          CHECK(!find(all[k], &ignored));
      }
    }
    for (int i = 0; i < 64; i++)
      if (is_there[i])
        free(all[i]);
  }
}

static void test_others(void) {
  static char data[64] __attribute__((aligned(16)));
  char here[64] __attribute__((aligned(16)));
  void *aligned = NULL;
  memset(here, 0, sizeof here);
  CHECK(!find(NULL, &ignored));
  CHECK(!find((void *)16, &ignored));
  CHECK(!find((void *)UINTPTR_MAX, &ignored));
  CHECK(!find((void *)0x9ac5000000000010, &ignored));
  CHECK(!find(data + 16, &ignored));
  CHECK(!find(here + 16, &ignored));
  CHECK(!find((void *)(uintptr_t)test_others, &ignored));
  // What looks like a block within one.
  uint64_t *words = malloc(1024);
  void *fence = malloc(1024);
  for (int i = 0; i < 128; i++)
    words[i] = 33;
  for (int i = 1; i < 128; i++)
    CHECK(!find(words + i, &ignored));
  CHECK(posix_memalign(&aligned, 4096, 100) == 0);
  memset(aligned, 'x', 100);
  void *second_fence = malloc(1024);
  gone = aligned;
  free(gone);
  CHECK(!find(gone, &ignored));
  free(words);
  free(fence);
  free(second_fence);
}

int main(void) {
  pthread_t thread;
  test_sizes(NULL);
  CHECK(pthread_create(&thread, NULL, test_sizes, &ignored) == 0);
  pthread_join(thread, NULL);
  test_merges();
  test_others();
  return CHECK_DONE();
}
