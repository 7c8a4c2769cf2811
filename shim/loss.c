// loss.c: where the memory that held the last copy of a handle was given back. Contracts in loss.h.
//
// What is done at a call must be safe in any thread, at any moment at which an addon may free
// memory: no allocation but own.c's, no lock but those of a stack's capture, errno as it was. A
// block's size is what the allocator says that it is.
#define _GNU_SOURCE
#include "loss.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "env.h"
#include "frame.h"
#include "image.h"
#include "interpose.h"
#include "module.h"
#include "object.h"
#include "options.h"
#include "own.h"
#include "recorder.h"
#include "stack.h"

enum {
  MOST_BYTES = 1 << 20,   // of a block that are searched
  MOST_MAPPED = 16 << 20, // of an unmapped range
  PIECE_BYTES = 64 << 10, // of it that are read at a time
  PAGE_BYTES = 4096,
  BLOCK_ALIGNMENT = 16, // of all that malloc returns; anything else is not its own
  PAGE_SLOTS = 4096
};

// For each object the last loss of a copy, in pages by slot, made when the first is needed:
// generation << 32 | stack; 0: none.
static uint64_t *pages[(NCK_TOKEN_MAX_SLOT + 1) / PAGE_SLOTS];

static bool stopped; // no more modules are watched

// --- what is kept ---

static uint64_t *place_of(uint32_t slot) {
  uint64_t **page = &pages[slot / PAGE_SLOTS];
  uint64_t *there = __atomic_load_n(page, __ATOMIC_ACQUIRE);
  if (there == NULL) {
    uint64_t *fresh = nck_own_alloc(PAGE_SLOTS * sizeof *fresh);
    if (fresh == NULL)
      return NULL;
    if (__atomic_compare_exchange_n(page, &there, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      there = fresh;
    else
      nck_own_free(fresh, PAGE_SLOTS * sizeof *fresh);
  }
  return &there[slot % PAGE_SLOTS];
}

// A word that is given back, without its tag: a whole token in a frame of ours would be a copy, in
// the stack of a thread that may have ended when it is searched. True: the token of a live object.
// `stack` is captured once for each block, when there is something to keep it for.
static bool note_word(uint64_t bits, const void *pc, uint32_t *stack) {
  uint32_t slot = nck_token_slot(bits), generation = nck_token_generation(bits);
  if (slot == 0 ||
      slot >= __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_OBJECT], __ATOMIC_ACQUIRE))
    return false;
  const struct nck_object *object = &nck_recorder.objects[slot];
  if (object->generation != generation ||
      __atomic_load_n(&object->state, __ATOMIC_ACQUIRE) != NCK_OBJECT_LIVE)
    return false;
  if (*stack == 0)
    *stack = nck_stack_capture(pc, nck_frame_limit());
  uint64_t *place = place_of(slot);
  if (place != NULL)
    __atomic_store_n(place, (uint64_t)generation << 32 | *stack, __ATOMIC_RELAXED);
  return true;
}

// Searches memory in which a token was seen, from an address that is a multiple of 16. `erase`:
// nobody may read it any more, so the copies are taken out of it. An allocator leaves most of a
// block as it was, and a copy in there would make a lost reference look held.
__attribute__((noinline, cold)) static void search_seen(uint64_t *words, size_t n, const void *pc,
                                                        bool erase) {
  uint32_t stack = 0;
  for (size_t i = 0; i < n; i++) {
    if (i % 8 == 0)
      while (i + 8 <= n && !nck_token_may_be_in(words + i))
        i += 8;
    if (i < n && nck_token_is_tagged(words[i]) &&
        note_word(words[i] & ~NCK_TOKEN_TAG_MASK, pc, &stack) && erase)
      words[i] = 0;
  }
}

// Most blocks are small, and hold none.
static inline void search(uint64_t *words, size_t n_bytes, const void *pc, bool erase) {
  size_t n = n_bytes / sizeof *words, i = 0;
  while (i + 8 <= n && !nck_token_may_be_in(words + i))
    i += 8;
  if (NCK_UNLIKELY(i + 8 <= n || nck_token_may_be_in_rest(words + i, n - i)))
    search_seen(words + i, n - i, pc, erase);
}

static inline bool has_objects(void) {
  return nck_active && nck_recorder.header != NULL &&
         __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_OBJECT], __ATOMIC_RELAXED) > 1 &&
         !nck_recorder_is_blind();
}

static size_t (*usable_size)(void *block);

static inline bool is_searched(const void *block) {
  return block != NULL && (uintptr_t)block % BLOCK_ALIGNMENT == 0 && has_objects();
}

static inline void note_block(void *block, const void *pc) {
  if (!is_searched(block))
    return;
  size_t n_bytes = usable_size(block);
  search(block, n_bytes < MOST_BYTES ? n_bytes : MOST_BYTES, pc, true);
}

// --- the calls ---

enum {
  CALL_FREE,
  CALL_REALLOC,
  CALL_MUNMAP,
  FIRST_DELETE, // operator delete in all its forms
  DELETE = FIRST_DELETE,
  DELETE_SIZED,
  DELETE_ALIGNED,
  DELETE_SIZED_ALIGNED,
  DELETE_NOTHROW,
  DELETE_ALIGNED_NOTHROW,
  DELETE_ARRAY,
  DELETE_ARRAY_SIZED,
  DELETE_ARRAY_ALIGNED,
  DELETE_ARRAY_SIZED_ALIGNED,
  DELETE_ARRAY_NOTHROW,
  DELETE_ARRAY_ALIGNED_NOTHROW,
  N_CALLS
};

static void *real[N_CALLS];

// Every form takes the block first, and at most two words more, which are handed on.
#define RELEASE(function, call)                                                                    \
  static void function(void *block, uintptr_t a, uintptr_t b) {                                    \
    note_block(block, NCK_PC);                                                                     \
    ((void (*)(void *, uintptr_t, uintptr_t))real[call])(block, a, b);                             \
  }
RELEASE(our_free, CALL_FREE)
RELEASE(our_delete, DELETE)
RELEASE(our_delete_sized, DELETE_SIZED)
RELEASE(our_delete_aligned, DELETE_ALIGNED)
RELEASE(our_delete_sized_aligned, DELETE_SIZED_ALIGNED)
RELEASE(our_delete_nothrow, DELETE_NOTHROW)
RELEASE(our_delete_aligned_nothrow, DELETE_ALIGNED_NOTHROW)
RELEASE(our_delete_array, DELETE_ARRAY)
RELEASE(our_delete_array_sized, DELETE_ARRAY_SIZED)
RELEASE(our_delete_array_aligned, DELETE_ARRAY_ALIGNED)
RELEASE(our_delete_array_sized_aligned, DELETE_ARRAY_SIZED_ALIGNED)
RELEASE(our_delete_array_nothrow, DELETE_ARRAY_NOTHROW)
RELEASE(our_delete_array_aligned_nothrow, DELETE_ARRAY_ALIGNED_NOTHROW)

// Only what is cut off at the end is lost. The rest stays, or stands in the new block. Nothing is
// erased: the call may fail, and then the block is as it was.
static void *our_realloc(void *block, size_t bytes) {
  if (is_searched(block)) {
    size_t had = usable_size(block), kept = (bytes + 15) & ~(size_t)15;
    if (bytes == 0)
      note_block(block, NCK_PC); // frees
    else if (kept > bytes - 1 && kept < had)
      search((uint64_t *)(void *)((char *)block + kept),
             had - kept < MOST_BYTES ? had - kept : MOST_BYTES, NCK_PC, false);
  }
  return ((void *(*)(void *, size_t))real[CALL_REALLOC])(block, bytes);
}

// A range may hold pages without rights, and pages of a file that is shorter: it is read through
// the kernel. Pages that are not in memory are passed over: most were never touched, and a file's
// would have to be fetched.
static void note_range(char *range, size_t n_bytes, const void *pc) {
  int saved_errno = errno;
  size_t n = (n_bytes < MOST_MAPPED ? n_bytes : MOST_MAPPED) / PAGE_BYTES;
  uint64_t *piece = nck_own_alloc(PIECE_BYTES);
  unsigned char *is_there = nck_own_alloc(MOST_MAPPED / PAGE_BYTES);
  if (piece != NULL && is_there != NULL && n > 0 && mincore(range, n * PAGE_BYTES, is_there) == 0) {
    for (size_t i = 0; i < n;) {
      size_t run = 0;
      while (i + run < n && run < PIECE_BYTES / PAGE_BYTES && is_there[i + run] & 1)
        run++;
      struct iovec here = {piece, run * PAGE_BYTES}, there = {range + i * PAGE_BYTES, here.iov_len};
      ssize_t got = run > 0 ? process_vm_readv(getpid(), &here, 1, &there, 1, 0) : 0;
      if (got > 0)
        search(piece, (size_t)got, pc, false);
      i += run > 0 ? run : 1;
    }
  }
  nck_own_free(is_there, MOST_MAPPED / PAGE_BYTES);
  nck_own_free(piece, PIECE_BYTES);
  errno = saved_errno;
}

static int our_munmap(void *range, size_t n_bytes) {
  if (has_objects())
    note_range(range, n_bytes, NCK_PC);
  return ((int (*)(void *, size_t))real[CALL_MUNMAP])(range, n_bytes);
}

// --- watching ---

#define ROW(id, symbol, function) [id] = {.name = symbol, .replacement = (void *)(function)}
static const struct nck_redirection calls[N_CALLS] = {
    ROW(CALL_FREE, "free", our_free),
    ROW(CALL_REALLOC, "realloc", our_realloc),
    ROW(CALL_MUNMAP, "munmap", our_munmap),
    ROW(DELETE, "_ZdlPv", our_delete),
    ROW(DELETE_SIZED, "_ZdlPvm", our_delete_sized),
    ROW(DELETE_ALIGNED, "_ZdlPvSt11align_val_t", our_delete_aligned),
    ROW(DELETE_SIZED_ALIGNED, "_ZdlPvmSt11align_val_t", our_delete_sized_aligned),
    ROW(DELETE_NOTHROW, "_ZdlPvRKSt9nothrow_t", our_delete_nothrow),
    ROW(DELETE_ALIGNED_NOTHROW, "_ZdlPvSt11align_val_tRKSt9nothrow_t", our_delete_aligned_nothrow),
    ROW(DELETE_ARRAY, "_ZdaPv", our_delete_array),
    ROW(DELETE_ARRAY_SIZED, "_ZdaPvm", our_delete_array_sized),
    ROW(DELETE_ARRAY_ALIGNED, "_ZdaPvSt11align_val_t", our_delete_array_aligned),
    ROW(DELETE_ARRAY_SIZED_ALIGNED, "_ZdaPvmSt11align_val_t", our_delete_array_sized_aligned),
    ROW(DELETE_ARRAY_NOTHROW, "_ZdaPvRKSt9nothrow_t", our_delete_array_nothrow),
    ROW(DELETE_ARRAY_ALIGNED_NOTHROW, "_ZdaPvSt11align_val_tRKSt9nothrow_t",
        our_delete_array_aligned_nothrow),
};
#undef ROW

// What an addon's call of that name reaches. Where the executable takes a function's address, the
// look-up finds a stub of its own first; where it does without C++'s library (Bun, Deno), that came
// with an addon, and only addons see it.
static void *find_function(const char *name) {
  static const char *const libraries[] = {"libstdc++.so.6", "libc++.so.1"};
  struct nck_image image;
  void *function = dlsym(RTLD_DEFAULT, name);
  if (function != NULL && nck_image_of(&image, function) && nck_image_find(&image, name) == NULL)
    function = dlsym(RTLD_NEXT, name);
  for (size_t i = 0; function == NULL && i < sizeof libraries / sizeof *libraries; i++) {
    void *library = dlopen(libraries[i], RTLD_NOLOAD | RTLD_LAZY);
    if (library == NULL)
      continue;
    function = dlsym(library, name);
    dlclose(library);
  }
  return function;
}

// Where the process's own functions are, once. A function is taken when its blocks are those of the
// malloc_usable_size that we ask for their size: it is of the same library, or of the compiler's
// C++ library, which calls free. The compiler's is found when the first addon that needs it is
// there, so what was not found is looked for again.
static void find_functions(void) {
  struct nck_location allocator, library;
  if (usable_size == NULL)
    *(void **)&usable_size = find_function("malloc_usable_size");
  if (usable_size == NULL || !nck_module_locate((uintptr_t)usable_size, &allocator))
    return;
  for (int i = 0; i < N_CALLS; i++) {
    if (real[i] != NULL)
      continue;
    void *function = find_function(calls[i].name);
    if (function == NULL || !nck_module_locate((uintptr_t)function, &library))
      continue;
    bool is_allocator = library.low == allocator.low;
    bool is_system = library.flags & NCK_MODULE_SYSTEM;
    if (is_allocator || (is_system && (i == CALL_MUNMAP || i >= FIRST_DELETE)))
      __atomic_store_n(&real[i], function, __ATOMIC_RELEASE);
  }
  dlerror(); // ours, not to be found by the program
}

void nck_loss_watch(const void *address) {
  struct nck_redirection rows[N_CALLS];
  struct nck_location module;
  size_t n = 0;
  if (!nck_options.loss || !nck_options.leak_check || __atomic_load_n(&stopped, __ATOMIC_RELAXED) ||
      !nck_module_locate((uintptr_t)address, &module) || module.flags & NCK_MODULE_UNWATCHED)
    return;
  find_functions();
  for (int i = 0; i < N_CALLS; i++) {
    if (real[i] == NULL)
      continue;
    rows[n] = calls[i];
    rows[n++].expected = real[i];
  }
  nck_interpose_redirect(address, rows, n);
}

void nck_loss_stop(void) { __atomic_store_n(&stopped, true, __ATOMIC_RELAXED); }

void nck_loss_settle(void) {
  for (size_t p = 0; nck_options.loss && p < sizeof pages / sizeof *pages; p++) {
    const uint64_t *page = __atomic_load_n(&pages[p], __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; page != NULL && i < PAGE_SLOTS; i++) {
      uint64_t lost = __atomic_load_n(&page[i], __ATOMIC_RELAXED);
      if (lost == 0)
        continue;
      struct nck_object *object = &nck_recorder.objects[p * PAGE_SLOTS + i];
      // Without a copy nobody can release it any more, so this does not race with a release.
      if (object->state == NCK_OBJECT_LIVE && object->generation == lost >> 32 &&
          object->evidence == NCK_EVIDENCE_LOST)
        object->end_stack = (uint32_t)lost;
    }
  }
}
