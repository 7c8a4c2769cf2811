// object.c: tokens, live objects, call sites and their series.
#define _GNU_SOURCE
#include "object.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "env.h"
#include "finding.h"
#include "forks.h"
#include "frame.h"
#include "history.h"
#include "module.h"
#include "options.h"
#include "recorder.h"
#include "stack.h"

enum {
  SLOT_BATCH = 64,     // rows that an env takes from the table at a time
  SITE_BUCKETS = 4096, // of the hash of sites
  SITE_CACHE = 256,    // per thread
  RECENT_EVENTS = 7    // that may go by without a look at the clock
};

// Protects the list of slots of ended envs and the site hash; nests in nothing.
static pthread_mutex_t object_lock = PTHREAD_MUTEX_INITIALIZER;
NCK_FORKS_HOLD(object_lock)
static uint32_t orphan_first, orphan_last; // slots of ended envs
static uint32_t site_buckets[SITE_BUCKETS], fate_buckets[SITE_BUCKETS];

struct site_cache_entry {
  uint64_t key; // of (stack, kind, function)
  uint32_t site;
};
static __thread struct site_cache_entry *site_cache __attribute__((tls_model("initial-exec")));

// --- time and turns ---

static inline bool is_recent(void) {
  const struct nck_frame *frame = nck_tls.frame;
  return nck_tls.n_recent > 0 && frame != NULL && frame->turn_is_counted;
}

static uint32_t ask_clock(void) {
  nck_tls.recent_ms = nck_recorder_ms();
  nck_tls.n_recent = RECENT_EVENTS;
  return nck_tls.recent_ms;
}

static inline uint32_t recent_ms(void) {
  if (NCK_UNLIKELY(!is_recent()))
    return ask_clock();
  nck_tls.n_recent--;
  return nck_tls.recent_ms;
}

// The turn changes between callbacks: within one, its first object asks.
static uint32_t count_turn(struct nck_env *state) {
  struct nck_frame *frame = nck_tls.frame;
  if (frame == NULL || !frame->turn_is_counted) {
    nck_env_count_turn_slow(state);
    if (frame != NULL)
      frame->turn_is_counted = true;
  }
  return ask_clock();
}

// The time of a creation, which counts the turn that it belongs to.
static inline uint32_t creation_ms(struct nck_env *state) {
  if (NCK_UNLIKELY(!is_recent()))
    return count_turn(state);
  nck_tls.n_recent--;
  return nck_tls.recent_ms;
}

// --- sites ---

// The module that makes an object: the innermost frame's, which is the addon also where the env is
// another's.
static uint32_t stack_module(const struct nck_env *state, uint32_t stack) {
  if (stack != 0 && nck_recorder.stacks[stack] > 0) {
    uint32_t module = NCK_FRAME_MODULE(nck_recorder.stacks[stack + 1]);
    if (module != 0 && !(nck_recorder.modules[module].flags & NCK_MODULE_SYSTEM))
      return module;
  }
  return state->module;
}

// `js_stack`: of the running call, where js_stacks=all tells sites apart by it.
static uint32_t site_find_slow(struct nck_env *state, enum nck_object_kind kind, int function,
                               uint32_t stack, uint32_t js_stack) {
  bool all = nck_options.js_stacks == NCK_JS_STACKS_ALL;
  uint32_t bucket = (stack * 2654435761u ^ (uint32_t)kind * 40503u ^ (uint32_t)function ^
                     js_stack * 2246822519u) %
                    SITE_BUCKETS;
  pthread_mutex_lock(&object_lock);
  uint32_t site = site_buckets[bucket];
  while (site != 0) {
    const struct nck_site *row = &nck_recorder.sites[site];
    if (row->stack == stack && row->kind == kind && row->function == function &&
        (!all || row->js_stack == js_stack))
      break;
    site = row->hash_next;
  }
  bool fresh = site == 0;
  if (fresh && (site = nck_recorder_append(NCK_TABLE_SITE, 1)) != 0) {
    struct nck_site *row = &nck_recorder.sites[site];
    row->stack = stack;
    row->kind = (uint16_t)kind;
    row->function = (uint16_t)function;
    row->js_stack = js_stack;
    row->first_ms = nck_recorder_ms();
    row->last_turn = UINT32_MAX; // its first creation is about to come
    row->bucket_end = UINT32_MAX;
    row->series = nck_recorder_append(NCK_TABLE_SERIES, 1);
    if (row->series != 0) {
      struct nck_series *series = &nck_recorder.series[row->series];
      series->start_ms = row->first_ms;
      series->bucket_ms = 8;
      series->n_buckets = 1;
      series->site = site;
      row->bucket_end = series->start_ms + series->bucket_ms; // its first object may seem older
    }
    row->hash_next = site_buckets[bucket];
    site_buckets[bucket] = site;
  }
  pthread_mutex_unlock(&object_lock);
  if (fresh && site != 0) {
    struct nck_site *row = &nck_recorder.sites[site];
    row->module = stack_module(state, stack);
    row->flags = nck_frame_in_init() ? NCK_SITE_INIT : 0;
    if (nck_options.js_stacks == NCK_JS_STACKS_FINDINGS)
      row->js_stack = nck_js_stack_capture(state);
  }
  return site;
}

static uint64_t site_key(enum nck_object_kind kind, int function, uint32_t stack) {
  return (uint64_t)((uint32_t)kind << 16 | (uint32_t)function) << 32 | stack;
}

static uint32_t site_cache_slot(enum nck_object_kind kind, uint32_t stack) {
  return (stack ^ (uint32_t)kind * 31u) % SITE_CACHE;
}

static uint32_t site_find_uncached(struct nck_env *state, enum nck_object_kind kind, int function,
                                   uint32_t stack) {
  // A site for each JavaScript stack, too: then nothing is ever cached.
  if (nck_options.js_stacks == NCK_JS_STACKS_ALL)
    return site_find_slow(state, kind, function, stack, nck_js_stack_capture(state));
  if (site_cache == NULL) {
    site_cache = nck_own_alloc(SITE_CACHE * sizeof *site_cache);
    if (site_cache == NULL)
      return 0;
    memset(site_cache, 0, SITE_CACHE * sizeof *site_cache);
  }
  uint32_t site = site_find_slow(state, kind, function, stack, 0);
  if (site != 0)
    site_cache[site_cache_slot(kind, stack)] =
        (struct site_cache_entry){site_key(kind, function, stack), site};
  return site;
}

static inline uint32_t site_find(struct nck_env *state, enum nck_object_kind kind, int function,
                                 uint32_t stack) {
  if (NCK_LIKELY(site_cache != NULL)) {
    const struct site_cache_entry *entry = &site_cache[site_cache_slot(kind, stack)];
    if (NCK_LIKELY(entry->key == site_key(kind, function, stack) && entry->site != 0))
      return entry->site;
  }
  return site_find_uncached(state, kind, function, stack);
}

uint32_t nck_site_find(struct nck_env *state, enum nck_object_kind kind, int function,
                       uint32_t stack) {
  return site_find(state, kind, function, stack);
}

static void series_halve(struct nck_series *series) {
  for (uint32_t i = 0; i < NCK_SERIES_BUCKETS / 2; i++) {
    const struct nck_series_bucket *a = &series->buckets[2 * i], *b = &series->buckets[2 * i + 1];
    series->buckets[i] = (struct nck_series_bucket){.min = a->min < b->min ? a->min : b->min,
                                                    .max = a->max > b->max ? a->max : b->max,
                                                    .last = b->last,
                                                    .n_events = a->n_events + b->n_events};
  }
  memset(&series->buckets[NCK_SERIES_BUCKETS / 2], 0, sizeof series->buckets / 2);
  series->bucket_ms *= 2;
  series->n_buckets = NCK_SERIES_BUCKETS / 2;
}

// Completes the last bucket of a site's series.
static void series_complete(const struct nck_site *site, struct nck_series *series) {
  series->buckets[series->n_buckets - 1] =
      (struct nck_series_bucket){site->least, site->most, site->live, 1};
}

// That bucket is over: begins the one of `ms`.
static __attribute__((noinline)) void series_turn(struct nck_site *site, uint32_t ms) {
  struct nck_series *series = &nck_recorder.series[site->series];
  uint32_t live = site->live, since = ms > series->start_ms ? ms - series->start_ms : 0;
  uint32_t bucket = since / series->bucket_ms;
  struct nck_series_bucket still = {live, live, live, 0};
  if (site->bucket_end != 0)
    series_complete(site, series);
  while (bucket >= NCK_SERIES_BUCKETS) {
    // Fill what is in use up to the end first, so that halves are merged with what stood there.
    for (uint32_t i = series->n_buckets; i < NCK_SERIES_BUCKETS; i++)
      series->buckets[i] = still;
    series_halve(series);
    bucket = since / series->bucket_ms;
  }
  for (uint32_t i = series->n_buckets; i <= bucket; i++)
    series->buckets[i] = still;
  if (bucket >= series->n_buckets) {
    series->n_buckets = bucket + 1;
    site->least = site->most = live;
  }
  site->bucket_end = series->start_ms + series->n_buckets * series->bucket_ms;
}

// What an env's teardown releases does not enter the series.
static void released_at_teardown(struct nck_site *site) {
  if (site->series != 0 && site->bucket_end != 0) {
    series_complete(site, &nck_recorder.series[site->series]);
    site->bucket_end = 0;
  }
  site->released_at_teardown++;
}

static bool is_gone_thread(uint32_t tid) {
  int saved = errno;
  bool is_gone = syscall(SYS_tgkill, getpid(), (int)tid, 0) != 0 && errno == ESRCH;
  errno = saved;
  return is_gone;
}

// A site's moments and its series, where envs on several threads share it. Held for a few dozen
// instructions by the thread whose number stands in it. In the child of a fork that may be one that
// is not there: then it is taken all the same.
static uint32_t *site_lock(const struct nck_site *site) {
  enum { PATIENCE = 1000 };
  if (site->series == 0)
    return NULL;
  uint32_t *lock = &nck_recorder.series[site->series].lock;
  uint32_t self = nck_tls.thread != NULL ? nck_tls.thread->tid : (uint32_t)syscall(SYS_gettid),
           holder = 0;
  for (int i = 1;
       !__atomic_compare_exchange_n(lock, &holder, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
       i++) {
    // A signal handler of the program that came in between has to go on, too.
    if (holder != self && (i % PATIENCE != 0 || !is_gone_thread(holder))) {
      holder = 0;
      sched_yield();
    }
  }
  return lock;
}

static void site_unlock(uint32_t *lock) {
  if (lock != NULL)
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

// How many it had created before its second, fourth, eighth ... turn: did it grow evenly?
static void note_pace(const struct nck_site *site) {
  struct nck_series *series = &nck_recorder.series[site->series];
  if (site->series == 0)
    return;
  series->created_long_before = series->created_before;
  series->created_before = (uint32_t)(site->created - 1); // without the one that opens this turn
}

static __attribute__((noinline)) void site_turn(struct nck_site *site, uint32_t turn) {
  if ((site->n_turns & (site->n_turns + 1)) == 0) // the next is a power of two
    note_pace(site);
  if (site->n_turns++ == 0)
    site->first_turn = turn;
  site->last_turn = turn;
}

static inline uint32_t present_turn(void) {
  return __atomic_load_n(&nck_recorder.header->n_turns, __ATOMIC_RELAXED);
}

static void site_created_shared(struct nck_site *site, uint32_t ms) {
  uint32_t *lock = site_lock(site), turn = present_turn();
  if (ms >= site->bucket_end)
    series_turn(site, ms);
  __atomic_fetch_add(&site->created, 1, __ATOMIC_RELAXED);
  nck_site_note_live(site, __atomic_add_fetch(&site->live, 1, __ATOMIC_RELAXED));
  site->last_ms = ms;
  if (site->last_turn != turn)
    site_turn(site, turn);
  site_unlock(lock);
}

static void site_released_shared(struct nck_site *site, uint32_t ms, bool at_teardown) {
  uint32_t *lock = site_lock(site);
  if (at_teardown)
    released_at_teardown(site);
  else if (ms >= site->bucket_end)
    series_turn(site, ms);
  __atomic_fetch_add(&site->released, 1, __ATOMIC_RELAXED);
  uint32_t live = __atomic_sub_fetch(&site->live, 1, __ATOMIC_RELAXED);
  site->last_ms = ms;
  if (!at_teardown)
    nck_site_note_fewer(site, live);
  site_unlock(lock);
}

static inline __attribute__((always_inline)) void site_created(uint32_t index, uint32_t ms) {
  struct nck_site *site = &nck_recorder.sites[index];
  if (NCK_UNLIKELY(nck_many_threads)) {
    site_created_shared(site, ms);
    return;
  }
  if (NCK_UNLIKELY(ms >= site->bucket_end))
    series_turn(site, ms);
  site->created++;
  nck_site_note_live(site, ++site->live);
  site->last_ms = ms;
  uint32_t turn = present_turn();
  if (NCK_UNLIKELY(site->last_turn != turn))
    site_turn(site, turn);
}

static inline __attribute__((always_inline)) void site_released(uint32_t index, bool at_teardown) {
  struct nck_site *site = &nck_recorder.sites[index];
  uint32_t ms = recent_ms();
  if (NCK_UNLIKELY(nck_many_threads)) {
    site_released_shared(site, ms, at_teardown);
    return;
  }
  if (NCK_UNLIKELY(at_teardown))
    released_at_teardown(site);
  else if (NCK_UNLIKELY(ms >= site->bucket_end))
    series_turn(site, ms);
  site->released++;
  uint32_t live = --site->live;
  site->last_ms = ms;
  if (!at_teardown)
    nck_site_note_fewer(site, live);
}

void nck_site_created(struct nck_env *state, uint32_t index) {
  site_created(index, creation_ms(state));
}

void nck_site_released(uint32_t index, bool at_teardown) { site_released(index, at_teardown); }

// --- fates ---

uint32_t nck_fate_find(uint32_t site, uint32_t stack, uint32_t verb) {
  uint32_t bucket = (site * 2654435761u ^ stack * 40503u ^ verb) % SITE_BUCKETS;
  pthread_mutex_lock(&object_lock);
  uint32_t fate = fate_buckets[bucket];
  while (fate != 0) {
    const struct nck_fate *row = &nck_recorder.fates[fate];
    if (row->site == site && row->stack == stack && row->verb == verb)
      break;
    fate = row->hash_next;
  }
  if (fate == 0 && (fate = nck_recorder_append(NCK_TABLE_FATE, 1)) != 0) {
    struct nck_fate *row = &nck_recorder.fates[fate];
    row->site = site;
    row->stack = stack;
    row->verb = verb;
    row->hash_next = fate_buckets[bucket];
    fate_buckets[bucket] = fate;
  }
  pthread_mutex_unlock(&object_lock);
  return fate;
}

struct fate_cache_entry {
  uint64_t key; // of (site, stack)
  uint32_t verb, fate;
};
static __thread struct fate_cache_entry fate_cache[16] __attribute__((tls_model("initial-exec")));

static uint64_t *fate_count_slow(struct fate_cache_entry *entry, uint32_t site, uint32_t stack,
                                 uint32_t verb) {
  uint32_t fate = nck_fate_find(site, stack, verb);
  if (fate == 0)
    return NULL;
  *entry = (struct fate_cache_entry){(uint64_t)site << 32 | stack, verb, fate};
  return &nck_recorder.fates[fate].count;
}

static inline void fate_count(uint32_t site, uint32_t stack, uint32_t verb) {
  struct fate_cache_entry *entry = &fate_cache[(site ^ stack ^ verb) % 16];
  uint64_t *count = NCK_LIKELY(entry->key == ((uint64_t)site << 32 | stack) && entry->verb == verb)
                        ? &nck_recorder.fates[entry->fate].count
                        : fate_count_slow(entry, site, stack, verb);
  if (NCK_UNLIKELY(nck_many_threads) && count != NULL)
    __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
  else if (count != NULL)
    ++*count;
}

// --- slots ---

static bool slots_refill(struct nck_env *state) {
  pthread_mutex_lock(&object_lock);
  // Slots of its own that wait keep their place.
  bool orphans = orphan_first != 0 && state->free_first == 0;
  if (orphans) {
    state->free_first = orphan_first;
    state->free_last = orphan_last;
    orphan_first = orphan_last = 0;
  }
  pthread_mutex_unlock(&object_lock);
  if (orphans) {
    state->n_free = NCK_QUARANTINE; // at least: their owner is gone, no late use is to be explained
    return true;
  }
  uint32_t first = nck_recorder_append(NCK_TABLE_OBJECT, SLOT_BATCH);
  if (first == 0 || first + SLOT_BATCH > NCK_TOKEN_MAX_SLOT)
    return false;
  // Fresh slots go to the front: they are used before any released one.
  for (uint32_t i = 0; i < SLOT_BATCH; i++)
    nck_recorder.objects[first + i].next = i + 1 < SLOT_BATCH ? first + i + 1 : state->free_first;
  if (state->free_first == 0)
    state->free_last = first + SLOT_BATCH - 1;
  state->free_first = first;
  return true;
}

static uint32_t slot_take_slow(struct nck_env *state) {
  if (state->foreign) {
    uint32_t slot = nck_recorder_append(NCK_TABLE_OBJECT, 1);
    return slot <= NCK_TOKEN_MAX_SLOT ? slot : 0;
  }
  if (!slots_refill(state)) {
    if (state->free_first == 0)
      return 0;
    state->n_free += state->n_free == 0; // there is one, whatever was counted
  }
  return state->free_first;
}

static inline uint32_t slot_take(struct nck_env *state) {
  uint32_t slot = state->free_first;
  struct nck_object *object = &nck_recorder.objects[slot];
  if (NCK_UNLIKELY(slot == 0 || (object->generation != 0 && state->n_free < NCK_QUARANTINE))) {
    slot = slot_take_slow(state);
    if (slot == 0 || state->foreign)
      return slot;
    object = &nck_recorder.objects[slot];
  }
  state->free_first = object->next;
  __builtin_prefetch(&nck_recorder.objects[object->next], 1);
  if (NCK_LIKELY(object->generation != 0))
    state->n_free--;
  return slot;
}

static inline void slot_give(struct nck_env *state, struct nck_object *object) {
  uint32_t slot = (uint32_t)(object - nck_recorder.objects);
  if (NCK_UNLIKELY(object->generation >= NCK_TOKEN_MAX_GENERATION))
    return; // used up: its tokens would come again
  object->next = 0;
  if (NCK_LIKELY(state->free_first != 0))
    nck_recorder.objects[state->free_last].next = slot;
  else
    state->free_first = slot;
  state->free_last = slot;
  state->n_free++;
}

// --- objects ---

void *nck_object_token(const struct nck_object *object) {
  return (void *)(uintptr_t)nck_token_make((uint32_t)(object - nck_recorder.objects),
                                           object->generation);
}

// NULL: there is no room.
static inline __attribute__((always_inline)) void *new_at_site(struct nck_env *state,
                                                               enum nck_object_kind kind,
                                                               void *real, uint32_t count,
                                                               uint32_t site, uint32_t flags) {
  uint32_t slot = site != 0 ? slot_take(state) : 0;
  if (NCK_UNLIKELY(slot == 0)) {
    nck_recorder_go_blind("no room for more live objects");
    return NULL;
  }
  struct nck_object *object = &nck_recorder.objects[slot];
  nck_object_fill(object, state, real, count, site, creation_ms(state));
  struct nck_object_head head = {object->generation + 1, (uint8_t)kind, NCK_OBJECT_LIVE,
                                 (uint16_t)flags};
  if (NCK_UNLIKELY(nck_tls.marks != 0))
    head.flags |= (uint16_t)((nck_frame_in_init() ? NCK_OBJECT_INIT : 0) |
                             (nck_tls.quiet != 0 ? NCK_OBJECT_IGNORED : 0));
  nck_object_come_alive(object, head);
  NCK_FORGET_REGISTERS();
  site_created(object->site, object->created_ms);
  nck_counter_created(&state->row->counters[kind]);
  NCK_FORGET_REGISTERS();
  return nck_object_token(object);
}

void *nck_object_new_at(struct nck_env *state, enum nck_object_kind kind, void *real,
                        uint32_t count, int function, uint32_t stack, uint32_t flags) {
  if (NCK_UNLIKELY(nck_recorder_is_blind()))
    return real;
  void *token =
      new_at_site(state, kind, real, count, site_find(state, kind, function, stack), flags);
  return token != NULL ? token : real;
}

static __attribute__((noinline)) uint32_t site_know(struct nck_env *state,
                                                    struct nck_known_stack *known) {
  uint32_t stack = known->stack;
  uint32_t site = site_find(state, NCK_KIND_REFERENCE, NCK_FN_napi_create_reference, stack);
  if (known->stack == stack && nck_options.js_stacks != NCK_JS_STACKS_ALL) {
    known->key = NCK_KNOWN_REFERENCE;
    known->row = site;
  }
  return site;
}

napi_status nck_object_new_reference(struct nck_env *state, napi_ref *reference, uint32_t count,
                                     struct nck_known_stack *known) {
  if (NCK_UNLIKELY(nck_recorder_is_blind()))
    return napi_ok;
  uint32_t site =
      NCK_LIKELY(known->key == NCK_KNOWN_REFERENCE) ? known->row : site_know(state, known);
  void *token = new_at_site(state, NCK_KIND_REFERENCE, *reference, count, site, 0);
  if (NCK_LIKELY(token != NULL))
    *reference = token;
  return napi_ok;
}

void *nck_object_new(struct nck_env *state, enum nck_object_kind kind, void *real, uint32_t count,
                     int function, const void *pc, uint32_t flags) {
  if (NCK_UNLIKELY(nck_recorder_is_blind()))
    return real;
  return nck_object_new_at(state, kind, real, count, function,
                           nck_stack_capture(pc, nck_frame_limit()), flags);
}

enum nck_word nck_object_decode(const void *word, enum nck_object_kind kind,
                                struct nck_object **object) {
  uint64_t bits = (uint64_t)(uintptr_t)word;
  if (NCK_LIKELY((*object = nck_object_live(word, kind)) != NULL))
    return NCK_WORD_LIVE;
  if (NCK_UNLIKELY(!nck_token_is_tagged(bits)))
    return word == NULL ? NCK_WORD_NULL : NCK_WORD_RAW;
  uint32_t slot = nck_token_slot(bits);
  if (NCK_UNLIKELY(slot == 0 ||
                   slot >= __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_OBJECT],
                                           __ATOMIC_RELAXED) ||
                   (bits & NCK_TOKEN_LOW_MASK) != 0))
    return NCK_WORD_RAW;
  struct nck_object *found = &nck_recorder.objects[slot];
  uint32_t generation = nck_token_generation(bits);
  if (NCK_UNLIKELY(found->generation != generation ||
                   __atomic_load_n(&found->state, __ATOMIC_ACQUIRE) != NCK_OBJECT_LIVE)) {
    if (generation == 0 || generation > found->generation)
      return NCK_WORD_RAW; // never given out
    if (found->generation == generation)
      *object = found;
    return NCK_WORD_DEAD;
  }
  *object = found;
  return NCK_LIKELY(found->kind == kind) ? NCK_WORD_LIVE : NCK_WORD_OTHER;
}

void nck_object_touch(struct nck_object *object, uint32_t stack, int verb) {
  object->last_stack = stack;
  fate_count(object->site, stack, (uint32_t)verb);
  if (NCK_UNLIKELY(nck_options.history_full))
    nck_history_note(object, stack, (uint32_t)verb);
}

void nck_object_drop(struct nck_env *state, struct nck_object *object, uint32_t end_stack,
                     int verb) {
  bool teardown = state != NULL && state->state != NCK_ENV_ALIVE;
  if (NCK_UNLIKELY(nck_options.history_full))
    nck_history_note(object, end_stack, (uint32_t)(teardown ? NCK_FATE_TEARDOWN : verb));
  object->end_stack = end_stack;
  if (teardown)
    object->flags |= NCK_OBJECT_DURING_TEARDOWN;
  __atomic_store_n(&object->state, NCK_OBJECT_DEAD, __ATOMIC_RELEASE);
  if (teardown && object->kind == NCK_KIND_REFERENCE && object->count == 0)
    __atomic_fetch_add(&nck_recorder.sites[object->site].weak_at_teardown, 1, __ATOMIC_RELAXED);
  site_released(object->site, teardown);
  fate_count(object->site, end_stack, (uint32_t)(teardown ? NCK_FATE_TEARDOWN : verb));
  struct nck_env_row *row = NCK_LIKELY(state != NULL && state->index == object->env)
                                ? state->row
                                : &nck_recorder.envs[object->env];
  nck_counter_released(&row->counters[object->kind]);
  if (state != NULL && !state->foreign)
    slot_give(state, object);
}

static __attribute__((noinline)) void fate_know(uint32_t site, struct nck_known_stack *known) {
  uint32_t fate = nck_fate_find(site, known->stack, NCK_FATE_DELETED);
  known->key = fate != 0 ? site : 0;
  known->row = fate;
}

void nck_object_drop_reference(struct nck_env *state, struct nck_object *object,
                               struct nck_known_stack *known) {
  if (NCK_UNLIKELY(state->state != NCK_ENV_ALIVE || nck_options.history_full || nck_many_threads)) {
    nck_object_drop(state, object, known->stack, NCK_FATE_DELETED);
    return;
  }
  if (NCK_UNLIKELY(known->key != object->site))
    fate_know(object->site, known);
  if (NCK_LIKELY(known->row != 0))
    nck_recorder.fates[known->row].count++;
  object->end_stack = known->stack;
  __atomic_store_n(&object->state, NCK_OBJECT_DEAD, __ATOMIC_RELEASE);
  struct nck_site *site = &nck_recorder.sites[object->site];
  uint32_t ms = recent_ms();
  if (NCK_UNLIKELY(ms >= site->bucket_end))
    series_turn(site, ms);
  site->released++;
  nck_site_note_fewer(site, --site->live);
  site->last_ms = ms;
  nck_counter_released(&state->row->counters[NCK_KIND_REFERENCE]);
  NCK_FORGET_REGISTERS();
  slot_give(state, object);
}

static uint64_t count_rows(void) {
  return __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_OBJECT], __ATOMIC_ACQUIRE);
}

void nck_object_env_ended(struct nck_env *state) {
  uint64_t n = count_rows();
  for (uint64_t i = 1; i < n; i++) {
    struct nck_object *object = &nck_recorder.objects[i];
    if (__atomic_load_n(&object->env, __ATOMIC_RELAXED) == state->index &&
        __atomic_load_n(&object->state, __ATOMIC_ACQUIRE) == NCK_OBJECT_LIVE)
      __atomic_fetch_or(&object->flags, NCK_OBJECT_ENV_ENDED, __ATOMIC_RELAXED);
  }
  if (state->free_first == 0)
    return;
  pthread_mutex_lock(&object_lock);
  if (orphan_last != 0)
    nck_recorder.objects[orphan_last].next = state->free_first;
  else
    orphan_first = state->free_first;
  orphan_last = state->free_last;
  pthread_mutex_unlock(&object_lock);
  state->free_first = state->free_last = 0;
  state->n_free = 0;
}

// The reader judges; this only keeps it from being started in vain, and says each site once.
static bool may_be_leak(const struct nck_object *object) {
  if (__atomic_load_n(&object->state, __ATOMIC_ACQUIRE) != NCK_OBJECT_LIVE ||
      object->evidence != NCK_EVIDENCE_LOST ||
      object->flags & (NCK_OBJECT_IGNORED | NCK_OBJECT_INIT))
    return false;
  return !(object->kind == NCK_KIND_ASYNC_WORK && object->flags & NCK_OBJECT_QUEUED) &&
         !(object->kind == NCK_KIND_THREADSAFE_FUNCTION && object->flags & NCK_OBJECT_CLOSING);
}

bool nck_object_tell_lost(uint32_t thread) {
  bool fresh = false;
  uint64_t n = count_rows();
  for (uint64_t i = 1; i < n; i++) {
    const struct nck_object *object = &nck_recorder.objects[i];
    uint32_t env = __atomic_load_n(&object->env, __ATOMIC_RELAXED);
    if (nck_recorder.envs[env].thread == thread && may_be_leak(object))
      fresh |= !(__atomic_fetch_or(&nck_recorder.sites[object->site].flags, NCK_SITE_TOLD,
                                   __ATOMIC_RELAXED) &
                 NCK_SITE_TOLD);
  }
  return fresh;
}

void nck_object_revive(struct nck_env *state, struct nck_object *object) {
  // The slot was queued at the end of the free list just now: take it off again.
  uint32_t slot = (uint32_t)(object - nck_recorder.objects);
  if (state->foreign || state->free_last != slot)
    return;
  uint32_t previous = 0;
  for (uint32_t i = state->free_first; i != slot && i != 0; i = nck_recorder.objects[i].next)
    previous = i;
  if (previous != 0)
    nck_recorder.objects[previous].next = 0;
  else
    state->free_first = 0;
  state->free_last = previous;
  state->n_free--;
  object->next = 0;
  object->end_stack = 0;
  object->flags &= (uint16_t)~NCK_OBJECT_DURING_TEARDOWN;
  __atomic_store_n(&object->state, NCK_OBJECT_LIVE, __ATOMIC_RELEASE);
  nck_site_created(state, object->site);
  nck_counter_created(&state->row->counters[object->kind]);
}
