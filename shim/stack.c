// stack.c: native stacks, kept once. Contracts in stack.h.
//
// Three caches of each thread make it cheap, all emptied when modules come or go: of stacks as they
// were walked before (stack.h), of what is known about a code address, and of stacks by content. On
// an EPYC whose dependent addition takes 0.31 ns (gcc 12 -O2, least of 20 rounds of 100000,
// unit_shim_stack LIBRARY measure): a repeated capture of 3 frames 5 ns, of 5 frames 8 ns; walked
// anew 10 ns a frame, which is what deep recursion pays.
#define _GNU_SOURCE
#include "stack.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "module.h"
#include "options.h"
#include "recorder.h"
#include "unwind.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

enum { MOST_FRAMES = 128, N_PCS = 1024, N_STACKS = 1024, MOST_OWN_FRAMES = 16 };

// Who runs at a code address.
enum part {
  PART_ADDON,
  PART_SYSTEM, // libc and the like: between frames of the addon, not at the end
  PART_OURS,   // this library
  PART_END     // the runtime, code that no file stands behind
};

struct known_pc {
  uintptr_t pc;
  uint64_t frame; // of the record; 0 when the module has no row
  struct nck_unwind_rule rule;
  enum part part;
};

struct known_stack {
  uint64_t hash;
  uint32_t index; // 0: free
};

enum { MOST_SPAN = 0xffff * sizeof(uint64_t) };

struct cache {
  struct nck_walk walks[NCK_N_WALKS];
  struct known_pc pcs[N_PCS];
  struct known_stack stacks[N_STACKS];
};

static __thread struct {
  struct cache *cache;
  uintptr_t stack_high; // end of the thread's stack; 0: not asked yet
  bool is_inside; // a capture is under way: a signal handler, or an allocator that uses Node-API,
                  // came in between
  bool holds_lock;
  bool has_ended;
} self __attribute__((tls_model("initial-exec")));

__thread struct nck_thread_walks nck_thread_walks;

// All stacks by content.
static struct {
  pthread_mutex_t lock; // protects what follows; taken before the recorder's
  struct known_stack *slots;
  size_t n_slots; // a power of two
  size_t n_used;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

// --- stacks by content ---

static uint64_t mix(uint64_t hash, uint64_t word) {
  __uint128_t product = (__uint128_t)(hash ^ word) * 0x9e3779b97f4a7c15ull;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_frames(const uint64_t *frames, uint32_t n) {
  uint64_t hash = 0x2545f4914f6cdd1dull + n;
  for (uint32_t i = 0; i < n; i++)
    hash = mix(hash, frames[i]);
  return hash;
}

static bool make_room(void) {
  if (kept.n_used * 4 < kept.n_slots * 3)
    return true;
  size_t n_slots = kept.n_slots > 0 ? kept.n_slots * 2 : 1024;
  struct known_stack *slots = nck_own_alloc(n_slots * sizeof *slots);
  if (slots == NULL)
    return kept.n_used + 1 < kept.n_slots;
  memset(slots, 0, n_slots * sizeof *slots);
  for (size_t i = 0; i < kept.n_slots; i++) {
    if (kept.slots[i].index == 0)
      continue;
    size_t at = kept.slots[i].hash & (n_slots - 1);
    while (slots[at].index != 0)
      at = (at + 1) & (n_slots - 1);
    slots[at] = kept.slots[i];
  }
  if (kept.slots != NULL)
    nck_own_free(kept.slots, kept.n_slots * sizeof *slots);
  kept.slots = slots;
  kept.n_slots = n_slots;
  return true;
}

static uint32_t keep_locked(const uint64_t *frames, uint32_t n, uint64_t hash) {
  if (!make_room())
    return 0;
  size_t at = hash & (kept.n_slots - 1);
  for (; kept.slots[at].index != 0; at = (at + 1) & (kept.n_slots - 1)) {
    const uint64_t *stack = &nck_recorder.stacks[kept.slots[at].index];
    if (kept.slots[at].hash == hash && stack[0] == n &&
        memcmp(stack + 1, frames, n * sizeof *frames) == 0)
      return kept.slots[at].index;
  }
  uint32_t index = nck_recorder_append(NCK_TABLE_STACK, n + 1);
  if (index == 0)
    return 0;
  memcpy(&nck_recorder.stacks[index + 1], frames, n * sizeof *frames);
  // The number of frames last: a reader of a running process sees an empty stack, not half of one.
  __atomic_store_n(&nck_recorder.stacks[index], n, __ATOMIC_RELEASE);
  kept.slots[at] = (struct known_stack){.hash = hash, .index = index};
  kept.n_used++;
  return index;
}

static uint32_t keep(const uint64_t *frames, uint32_t n) {
  uint64_t hash = hash_frames(frames, n);
  struct known_stack *known = NULL;

  if (self.cache != NULL) {
    known = &self.cache->stacks[hash >> 32 & (N_STACKS - 1)];
    if (LIKELY(known->hash == hash && known->index != 0))
      return known->index;
  }
  if (self.holds_lock)
    return 0;
  pthread_mutex_lock(&kept.lock);
  self.holds_lock = true;
  uint32_t index = keep_locked(frames, n, hash);
  self.holds_lock = false;
  pthread_mutex_unlock(&kept.lock);
  if (known != NULL && index != 0)
    *known = (struct known_stack){.hash = hash, .index = index};
  return index;
}

// Held across a fork, so that the child finds it free and what it protects whole.
static void fork_lock(void) { pthread_mutex_lock(&kept.lock); }

static void fork_unlock(void) { pthread_mutex_unlock(&kept.lock); }

static void watch_forks(void) { pthread_atfork(fork_lock, fork_unlock, fork_unlock); }

static pthread_once_t forks_once = PTHREAD_ONCE_INIT;

// --- code addresses ---

static struct cache *cache_new(uint32_t epoch) {
  if (self.cache == NULL) {
    if (self.has_ended)
      return NULL;
    pthread_once(&forks_once, watch_forks); // after the recorder's: so ours is taken before
    self.cache = nck_own_alloc(sizeof *self.cache);
    if (self.cache == NULL)
      return NULL;
  }
  memset(self.cache, 0, sizeof *self.cache);
  nck_thread_walks.epoch = epoch;
  nck_thread_walks.walks = self.is_inside ? NULL : self.cache->walks;
  return self.cache;
}

static inline struct cache *cache_of_thread(void) {
  uint32_t epoch = nck_module_epoch();
  return LIKELY(self.cache != NULL && nck_thread_walks.epoch == epoch) ? self.cache
                                                                       : cache_new(epoch);
}

// `pc` is a return address: it may stand behind the last instruction of its function.
static void learn_pc(struct known_pc *known, uintptr_t pc) {
  struct nck_location location;

  *known = (struct known_pc){.pc = pc, .part = PART_END};
  if (!nck_module_locate(pc - 1, &location))
    return;
  if (location.row != 0)
    known->frame = NCK_FRAME_MAKE(location.row, pc - location.bias);
  known->rule = nck_unwind_rule(pc - 1, &location);
  if (location.flags & NCK_MODULE_SYSTEM)
    known->part = PART_SYSTEM;
  else if (location.flags & NCK_MODULE_OURS)
    known->part = PART_OURS;
  else if (!(location.flags & NCK_MODULE_RUNTIME))
    known->part = PART_ADDON;
}

// --- unwinding ---

// The registers that matter, between which addresses the stack may be read, and what was read.
struct walk {
  uintptr_t pc, sp, fp;
  uintptr_t low, high;
  uintptr_t fp_at; // where fp was read; 0: noted already
  struct nck_walk read;
  bool is_noted; // all that was read is in `read`
};

static bool read_word(const struct walk *walk, uintptr_t at, uintptr_t *word) {
  if (UNLIKELY(at < walk->low || at > walk->high - sizeof *word || at % sizeof *word != 0))
    return false;
  *word = *(const uintptr_t *)at;
  return true;
}

static void note(struct walk *walk, uintptr_t at, uintptr_t word, bool is_relative) {
  struct nck_walk *read = &walk->read;
  if (read->n_words == NCK_MOST_READ) {
    walk->is_noted = false;
    return;
  }
  read->n_words++;
  unsigned i = is_relative ? (unsigned)NCK_MOST_READ - (read->n_words - read->n_absolute)
                           : read->n_absolute++;
  read->offsets[i] = (uint16_t)((at - walk->low) / sizeof word);
  read->words[i] = is_relative ? word - walk->low : word;
}

static void note_fp(struct walk *walk) {
  if (walk->fp_at != 0)
    note(walk, walk->fp_at, walk->fp, true);
  walk->fp_at = 0;
}

// To the caller's frame. False: there is none, or it cannot be found.
static bool step(struct walk *walk, struct nck_unwind_rule rule) {
  uintptr_t cfa, at;

  switch (rule.cfa) {
  case NCK_UNWIND_SP:
    cfa = walk->sp + (uintptr_t)(intptr_t)rule.cfa_offset;
    break;
  case NCK_UNWIND_FP:
    note_fp(walk);
    cfa = walk->fp + (uintptr_t)(intptr_t)rule.cfa_offset;
    break;
  case NCK_UNWIND_FP_LOADED:
    note_fp(walk);
    at = walk->fp + (uintptr_t)(intptr_t)rule.cfa_offset;
    if (!read_word(walk, at, &cfa))
      return false;
    note(walk, at, cfa, true);
    break;
  case NCK_UNWIND_UNKNOWN: // code without tables: perhaps the frame pointer is one
    note_fp(walk);
    if (walk->fp < walk->sp)
      return false;
    cfa = walk->fp + 16;
    rule.fp = NCK_UNWIND_FP_AT_CFA;
    rule.fp_offset = -16;
    break;
  default:
    return false;
  }
  if (UNLIKELY(cfa <= walk->sp || cfa > walk->high))
    return false;
  if (rule.fp != NCK_UNWIND_FP_SAME) {
    at = (rule.fp == NCK_UNWIND_FP_AT_CFA ? cfa : walk->fp) + (uintptr_t)(intptr_t)rule.fp_offset;
    if (rule.fp == NCK_UNWIND_FP_AT_FP)
      note_fp(walk);
    if (!read_word(walk, at, &walk->fp))
      return false;
    walk->fp_at = at;
  }
  if (!read_word(walk, cfa - 8, &walk->pc))
    return false;
  note(walk, cfa - 8, walk->pc, false);
#if defined(__aarch64__)
  walk->pc &= 0xffffffffffffull; // without its signature
#endif
  walk->sp = cfa;
  return true;
}

// The end of the thread's stack, for calls that no frame of ours encloses (a callback of libuv, a
// thread of the addon's own).
static uintptr_t end_of_stack(uintptr_t sp) {
  pthread_attr_t attributes;
  void *low;
  size_t bytes;
  int saved_errno = errno;

  if (self.stack_high == 0 && pthread_getattr_np(pthread_self(), &attributes) == 0) {
    if (pthread_attr_getstack(&attributes, &low, &bytes) == 0)
      self.stack_high = (uintptr_t)low + bytes;
    pthread_attr_destroy(&attributes);
  }
  errno = saved_errno;
  // A stack that is not the thread's (a coroutine): nothing is known about it.
  return sp < self.stack_high && self.stack_high - sp < 64 << 20 ? self.stack_high : 0;
}

static struct known_pc *know_pc(struct cache *cache, uintptr_t pc) {
  struct known_pc *known = &cache->pcs[pc * 0x9e3779b97f4a7c15ull >> 32 & (N_PCS - 1)];
  if (LIKELY(known->pc == pc))
    return known;
  learn_pc(known, pc);
  if (nck_thread_walks.epoch != nck_module_epoch()) {
    // A module that we did not know has come: what stands in the cache may speak of what was there
    // before it.
    cache_of_thread();
    learn_pc(known, pc);
  }
  return known;
}

// From our own innermost frame to the caller of the wrapper.
static bool leave_own_frames(struct walk *walk, struct cache *cache, uintptr_t pc) {
  for (int i = 0; walk->pc != pc; i++) {
    const struct known_pc *known = know_pc(cache, walk->pc);
    if (i == MOST_OWN_FRAMES || known->part != PART_OURS || !step(walk, known->rule))
      return false;
  }
  return true;
}

static uint32_t walk_frames(struct walk *walk, struct cache *cache, uint64_t *frames,
                            uint32_t max) {
  uint32_t n = 0, n_without_system = 0;

  for (;;) {
    const struct known_pc *known = know_pc(cache, walk->pc);
    if (known->frame == 0 || known->part == PART_OURS || known->part == PART_END)
      break;
    frames[n++] = known->frame;
    if (known->part != PART_SYSTEM)
      n_without_system = n;
    if (n == max || !step(walk, known->rule))
      break;
  }
  return n_without_system > 0 ? n_without_system : n;
}

static uint32_t walk_and_keep(struct walk *walk, struct cache *cache, uintptr_t pc, uint32_t max,
                              const void *limit) {
  uint64_t frames[MOST_FRAMES];

  if (!leave_own_frames(walk, cache, pc)) {
    // No call of the addon's is under way there: a callback, named by its entry.
    walk->is_noted = false;
    frames[0] = nck_module_frame(pc, true);
    return frames[0] != 0 ? keep(frames, 1) : 0;
  }
  uint32_t n = walk_frames(walk, cache, frames, max);
  if (UNLIKELY(n == 0)) {
    const void *entered = limit != NULL ? nck_stack_entered(limit) : NULL;
    walk->is_noted = false; // another function leads here, too
    frames[0] = entered != NULL ? nck_module_frame((uintptr_t)entered, true) : 0;
    n = frames[0] != 0;
  }
  return n > 0 ? keep(frames, n) : 0;
}

// For stacks that are one frame deep.
static uint32_t capture_one(struct cache *cache, const void *pc, const void *limit) {
  enum part part = know_pc(cache, (uintptr_t)pc)->part;
  if (part == PART_ADDON || part == PART_SYSTEM)
    return nck_stack_single(pc, false);
  const void *entered = limit != NULL ? nck_stack_entered(limit) : NULL;
  return entered != NULL ? nck_stack_single(entered, true) : 0;
}

// A walk that was not found: from the frame whose frame pointer and return address stand at `low`.
static uint32_t capture_anew(uintptr_t low, uintptr_t high, const void *pc) {
  const uintptr_t *frame = (const uintptr_t *)low;
  uint32_t depth = nck_options.stack_depth;
  uintptr_t span = high - low;
  const void *limit = (const void *)high;
  bool is_noted = high > low && span < MOST_SPAN;

  if (UNLIKELY(nck_recorder.header == NULL))
    return 0;
  struct cache *cache = cache_of_thread();
  if (UNLIKELY(cache == NULL || self.is_inside))
    return nck_stack_single(pc, false);
  if (depth <= 1)
    return capture_one(cache, pc, limit);
  if (depth > MOST_FRAMES)
    depth = MOST_FRAMES;
  self.is_inside = true;
  nck_thread_walks.walks = NULL;
  if (UNLIKELY(high <= low || span > 64 << 20)) {
    high = end_of_stack(low);
    if (high == 0) {
      high = low + 16;
      depth = 1;
    }
  }
  struct walk walk = {.pc = frame[1],
                      .sp = low + 16,
                      .fp = frame[0],
                      .low = low,
                      .high = high,
                      .fp_at = low,
                      .is_noted = is_noted};
  if (walk.pc != (uintptr_t)pc)
    note(&walk, low + 8, walk.pc, false);
  uint32_t index = walk_and_keep(&walk, cache, (uintptr_t)pc, depth, limit);
  if (walk.is_noted && index != 0) {
    unsigned to = walk.read.n_absolute, from = (unsigned)NCK_MOST_READ - (walk.read.n_words - to);
    for (; from < NCK_MOST_READ; to++, from++) {
      walk.read.offsets[to] = walk.read.offsets[from];
      walk.read.words[to] = walk.read.words[from];
    }
    walk.read.pc = (uintptr_t)pc;
    walk.read.span = (uint32_t)span;
    walk.read.known.stack = index;
    *nck_walk_find(cache->walks, (uintptr_t)pc, span) = walk.read;
  }
  self.is_inside = false;
  nck_thread_walks.walks = self.cache->walks;
  return index;
}

static inline uint32_t capture(uintptr_t low, uintptr_t high, const void *pc) {
  const struct nck_walk *walk = nck_walk_known(low, high, (uintptr_t)pc);
  return LIKELY(walk != NULL) ? walk->known.stack : capture_anew(low, high, pc);
}

uint32_t nck_stack_capture(const void *pc, const void *limit) {
  // Asking for the address makes this function keep a frame pointer: the caller's stands there,
  // then the return address.
  uint32_t index = capture((uintptr_t)__builtin_frame_address(0), (uintptr_t)limit, pc);
  __asm__ volatile("" ::: "memory"); // its frame must stand until the walk is done: no jump
  return index;
}

uint32_t nck_stack_capture_at(const void *frame, const void *limit) {
#if defined(__x86_64__)
  return capture((uintptr_t)frame, (uintptr_t)limit, ((void *const *)frame)[1]);
#else
  // Only there the caller's stack pointer is known from the frame's address.
  const void *pc = __builtin_extract_return_addr(((void *const *)frame)[1]);
  return nck_stack_capture(pc, limit);
#endif
}

uint32_t nck_stack_single(const void *address, bool exact) {
  if (nck_recorder.header == NULL)
    return 0;
  uint64_t frame = nck_module_frame((uintptr_t)address, exact);
  if (frame == 0)
    return 0;
  cache_of_thread();
  return keep(&frame, 1);
}

uintptr_t nck_stack_outside(void) {
  const uintptr_t *own_frame = __builtin_frame_address(0);
  uintptr_t low = (uintptr_t)own_frame;
  struct walk walk = {.pc = own_frame[1], .sp = low + 16, .fp = own_frame[0], .low = low};
  struct nck_location location;

  walk.high = end_of_stack(low);
  if (walk.high == 0)
    return 0;
  for (int i = 0; i < MOST_OWN_FRAMES; i++) {
    if (!nck_module_locate(walk.pc - 1, &location) || !(location.flags & NCK_MODULE_OURS))
      return walk.sp;
    if (!step(&walk, nck_unwind_rule(walk.pc - 1, &location)))
      return 0;
  }
  return 0;
}

void nck_stack_thread_end(void) {
  struct cache *cache = self.cache;
  self.cache = NULL;
  nck_thread_walks.walks = NULL;
  self.has_ended = true;
  if (cache != NULL)
    nck_own_free(cache, sizeof *cache);
}
