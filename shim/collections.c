// collections.c: when the garbage collector went through the whole heap. Contracts in
// collections.h.
#define _GNU_SOURCE
#include "collections.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "env.h"
#include "forks.h"
#include "recorder.h"
#include "runtime.h"

// enum v8::GCType. A value was put in between with V8 10 (Node 18).
enum { GC_MAJOR_BEFORE_18 = 2, GC_MAJOR = 4, GC_ALL = 0xffff };

typedef void gc_callback(void *isolate, int type, int flags);

static struct {
  void *(*current_isolate)(void);
  void (*add_callback)(void *isolate, gc_callback *callback, int filter);
} v8;

static pthread_mutex_t collections_lock = PTHREAD_MUTEX_INITIALIZER; // of the row; nests in nothing
NCK_FORKS_HOLD(collections_lock)

// When it is full, the older half is merged in pairs: the last ones stay exact.
static void make_room(struct nck_series *row) {
  enum { MERGED = NCK_SERIES_BUCKETS / 4 }; // pairs
  if (row->n_buckets < NCK_SERIES_BUCKETS)
    return;
  for (uint32_t i = 0; i < MERGED; i++) {
    const struct nck_series_bucket *a = &row->buckets[2 * i], *b = &row->buckets[2 * i + 1];
    row->buckets[i] = (struct nck_series_bucket){
        .min = a->min, .max = b->max, .last = b->last, .n_events = a->n_events + b->n_events};
  }
  memmove(&row->buckets[MERGED], &row->buckets[2 * MERGED],
          (NCK_SERIES_BUCKETS - 2 * MERGED) * sizeof *row->buckets);
  row->n_buckets = NCK_SERIES_BUCKETS - MERGED;
}

static void note(uint32_t ms, uint32_t turn) {
  struct nck_record_header *header = nck_recorder.header;
  pthread_mutex_lock(&collections_lock);
  if (header->collections == 0)
    header->collections = nck_recorder_append(NCK_TABLE_SERIES, 1);
  if (header->collections != 0) {
    struct nck_series *row = &nck_recorder.series[header->collections];
    make_room(row);
    row->buckets[row->n_buckets++] =
        (struct nck_series_bucket){.min = ms, .max = ms, .last = turn, .n_events = 1};
  }
  pthread_mutex_unlock(&collections_lock);
}

// At the end of a collection, inside V8: nothing of the runtime may be called here but what only
// reads.
static void collected(void *isolate, int type, int flags) {
  static int known;
  int major = __atomic_load_n(&known, __ATOMIC_RELAXED);
  (void)isolate, (void)flags;
  if (!nck_active || nck_recorder.header == NULL || nck_recorder_is_blind())
    return;
  if (major == 0) {
    const char *version = nck_recorder.strings + nck_recorder.header->runtime_version;
    major = atoi(version) < 18 ? GC_MAJOR_BEFORE_18 : GC_MAJOR;
    __atomic_store_n(&known, major, __ATOMIC_RELAXED);
  }
  if (type != major)
    return;
  int saved_errno = errno;
  struct nck_thread_state *thread = nck_tls.thread;
  for (struct nck_env *state = thread != NULL ? thread->envs : NULL; state != NULL;
       state = state->next_on_thread) {
    if (state->state == NCK_ENV_ALIVE && state->loop != NULL) {
      nck_env_count_turn_slow(state);
      break;
    }
  }
  note(nck_recorder_ms(), nck_recorder.header->n_turns);
  errno = saved_errno;
}

static void find_functions(void) {
  *(void **)&v8.current_isolate = dlsym(RTLD_DEFAULT, "_ZN2v87Isolate13TryGetCurrentEv");
  if (v8.current_isolate == NULL) // before V8 8.9
    *(void **)&v8.current_isolate = dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv");
  *(void **)&v8.add_callback =
      dlsym(RTLD_DEFAULT,
            "_ZN2v87Isolate21AddGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEES2_");
}

void nck_collections_watch(const struct nck_env *state) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  static __thread bool is_watched __attribute__((tls_model("initial-exec")));
  // Bun defines these names too, on top of another engine.
  if (is_watched || !state->watched || !nck_runtime_has_uv())
    return;
  is_watched = true;
  pthread_once(&once, find_functions);
  void *isolate = v8.current_isolate != NULL ? v8.current_isolate() : NULL;
  if (isolate != NULL && v8.add_callback != NULL)
    v8.add_callback(isolate, collected, GC_ALL);
}
