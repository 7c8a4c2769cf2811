// finalizer.c: finalizers of addons.
#include "finalizer.h"

#include <pthread.h>
#include <string.h>

#include "finding.h"
#include "forks.h"
#include "frame.h"
#include "hash.h"
#include "held.h"
#include "hook.h"
#include "module.h"
#include "object.h"
#include "options.h"
#include "recorder.h"
#include "runtime.h"
#include "scan.h"
#include "stack.h"

// Protects the order of the log where there are several threads; nests in nothing.
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
NCK_FORKS_HOLD(log_lock)

static __thread struct nck_finalizer *making __attribute__((tls_model("initial-exec")));

// Wraps by data pointer, for napi_remove_wrap.
struct nck_wrap_key {
  const void *data;
  union {
    struct nck_finalizer *first;
    struct nck_wrap_key *next_free;
  };
  UT_hash_handle hh;
};

// What the innermost finalizer that is running was given.
static __thread const void *running_data __attribute__((tls_model("initial-exec")));

// An env keeps what it needed once: objects that are wrapped come and go by the thousand, and a
// lock costs as much as all else.
static struct nck_wrap_key *wrap_key_alloc(struct nck_env *state) {
  struct nck_wrap_key *key = state->free_wraps;
  if (key == NULL)
    return nck_own_alloc(sizeof *key);
  state->free_wraps = key->next_free;
  return key;
}

static void wrap_key_add(struct nck_env *state, struct nck_finalizer *finalizer) {
  struct nck_wrap_key *key;
  const void *data = finalizer->user_data;
  HASH_FIND(hh, state->wraps, &data, sizeof data, key);
  if (key == NULL) {
    key = wrap_key_alloc(state);
    if (key == NULL)
      return;
    key->data = data;
    key->first = NULL;
    HASH_ADD(hh, state->wraps, data, sizeof key->data, key);
  }
  finalizer->key = key;
  finalizer->same_key_next = key->first;
  key->first = finalizer;
}

static struct nck_wrap_key *wrap_key_find(struct nck_env *state, const void *data) {
  struct nck_wrap_key *key;
  HASH_FIND(hh, state->wraps, &data, sizeof data, key);
  return key;
}

static void wrap_key_remove(struct nck_finalizer *finalizer) {
  struct nck_wrap_key *key = finalizer->key;
  if (key == NULL)
    return;
  finalizer->key = NULL;
  struct nck_finalizer **link = &key->first;
  while (*link != NULL && *link != finalizer)
    link = &(*link)->same_key_next;
  if (*link != NULL)
    *link = finalizer->same_key_next;
  if (key->first == NULL) {
    HASH_DELETE(hh, finalizer->state->wraps, key);
    key->next_free = finalizer->state->free_wraps;
    finalizer->state->free_wraps = key;
  }
}

struct nck_finalizer *nck_finalizer_find_wrap(struct nck_env *state, const void *data) {
  struct nck_wrap_key *key = state->foreign ? NULL : wrap_key_find(state, data);
  return key != NULL && key->first->same_key_next == NULL ? key->first : NULL;
}

// Addresses of the program have 47 bits, and no runtime looks into a hint.
#define SERIAL_SHIFT 48

void *nck_finalizer_hint(const struct nck_finalizer *finalizer) {
  return (void *)((uintptr_t)finalizer | (uintptr_t)finalizer->serial << SERIAL_SHIFT);
}

// The record of a hint; NULL when it is not there any more.
static struct nck_finalizer *find_record(const void *hint) {
  uintptr_t bits = (uintptr_t)hint;
  struct nck_finalizer *finalizer =
      (struct nck_finalizer *)(bits & (((uintptr_t)1 << SERIAL_SHIFT) - 1));
  return finalizer->serial == bits >> SERIAL_SHIFT && !finalizer->ran ? finalizer : NULL;
}

static uint16_t next_serial(void) {
  static uint32_t last;
  return (uint16_t)(__atomic_add_fetch(&last, 1, __ATOMIC_RELAXED) % UINT16_MAX + 1);
}

// The same for finalizers. Theirs is memory that is searched: what is free is cleared, but for the
// pointer to the next. The env's own thread.
static struct nck_finalizer *finalizer_alloc(struct nck_env *state) {
  struct nck_finalizer *finalizer = state->free_finalizers;
  if (finalizer == NULL)
    return nck_held_alloc(sizeof *finalizer);
  state->free_finalizers = finalizer->next;
  finalizer->next = NULL;
  return finalizer;
}

static void finalizer_free(struct nck_finalizer *finalizer) {
  struct nck_env *state = finalizer->state;
  if (state->state == NCK_ENV_ENDED) {
    nck_held_free(finalizer, sizeof *finalizer);
    return;
  }
  memset(finalizer, 0, sizeof *finalizer);
  finalizer->next = state->free_finalizers;
  state->free_finalizers = finalizer;
}

struct nck_finalizer *nck_finalizer_new(struct nck_env *state, enum nck_finalizer_kind kind,
                                        napi_finalize user_cb, void *user_data, void *user_hint,
                                        const void *pc) {
  if (user_cb == NULL || state->foreign || nck_recorder_is_blind())
    return NULL;
  struct nck_finalizer *finalizer = finalizer_alloc(state);
  if (finalizer == NULL)
    return NULL;
  finalizer->state = state;
  finalizer->user_cb = user_cb;
  finalizer->user_data = user_data;
  finalizer->user_hint = user_hint;
  finalizer->serial = next_serial();
  finalizer->kind = (uint8_t)kind;
  finalizer->object_kind = kind == NCK_FINALIZER_WRAP || kind == NCK_FINALIZER_ADD ? NCK_KIND_WRAP
                           : kind == NCK_FINALIZER_INSTANCE_DATA ? NCK_KIND_INSTANCE_DATA
                                                                 : NCK_KIND_EXTERNAL;
  finalizer->stack = nck_stack_capture(pc, nck_frame_limit());
  finalizer->outer_making = making;
  making = finalizer;
  if (kind == NCK_FINALIZER_WRAP)
    wrap_key_add(state, finalizer);
  finalizer->next = state->finalizers;
  if (finalizer->next != NULL)
    finalizer->next->previous = finalizer;
  state->finalizers = finalizer;
  nck_counter_created(&state->row->counters[finalizer->object_kind]);
  return finalizer;
}

// Data pointers behind live externals, buffers and array buffers.
struct nck_shared {
  const void *data;
  uint32_t count;
  uint32_t stack; // where the first was made
  UT_hash_handle hh;
};

static bool owns_memory(const struct nck_finalizer *finalizer) {
  return finalizer->user_data != NULL && finalizer->user_data != finalizer->state &&
         (finalizer->kind == NCK_FINALIZER_EXTERNAL || finalizer->kind == NCK_FINALIZER_BUFFER ||
          finalizer->kind == NCK_FINALIZER_ARRAYBUFFER);
}

void nck_finalizer_share(struct nck_finalizer *finalizer, enum nck_function_id function) {
  if (finalizer == NULL || !owns_memory(finalizer))
    return;
  struct nck_env *state = finalizer->state;
  struct nck_shared *shared;
  const void *data = finalizer->user_data;
  HASH_FIND(hh, state->shared, &data, sizeof data, shared);
  if (shared == NULL) {
    shared = nck_own_alloc(sizeof *shared);
    if (shared == NULL)
      return;
    shared->data = data;
    shared->stack = finalizer->stack;
    HASH_ADD(hh, state->shared, data, sizeof shared->data, shared);
  }
  finalizer->shares = true;
  if (++shared->count < 2 || !nck_finding_wanted(NCK_FINDING_EXTERNAL_POINTER_SHARED))
    return;
  struct nck_event event = {.kind = NCK_FINDING_EXTERNAL_POINTER_SHARED,
                            .function = function,
                            .state = state,
                            .object_kind = NCK_KIND_EXTERNAL,
                            .roles = {NCK_ROLE_USED, NCK_ROLE_FIRST},
                            .stacks = {finalizer->stack, shared->stack},
                            .reason = "both finalizers may know of each other"};
  nck_finding_raise(&event, "%s was given %p, which stands behind another live external already",
                    nck_function_name(function), data);
}

static void unshare(struct nck_finalizer *finalizer) {
  struct nck_shared *shared;
  const void *data = finalizer->user_data;
  HASH_FIND(hh, finalizer->state->shared, &data, sizeof data, shared);
  if (!finalizer->shares || shared == NULL || --shared->count > 0)
    return;
  HASH_DELETE(hh, finalizer->state->shared, shared);
  nck_own_free(shared, sizeof *shared);
}

static void unlink_finalizer(struct nck_finalizer *finalizer) {
  if (finalizer->shares)
    unshare(finalizer);
  if (finalizer->kind == NCK_FINALIZER_WRAP)
    wrap_key_remove(finalizer);
  if (finalizer->previous != NULL) {
    finalizer->previous->next = finalizer->next;
    __builtin_prefetch(&finalizer->previous->serial, 1); // it will most often run next
  } else {
    finalizer->state->finalizers = finalizer->next;
  }
  if (finalizer->next != NULL) {
    finalizer->next->previous = finalizer->previous;
    __builtin_prefetch(&finalizer->next->serial, 1); // or that
  }
  nck_counter_released(&finalizer->state->row->counters[finalizer->object_kind]);
}

static void finalizer_drop(struct nck_finalizer *finalizer) {
  unlink_finalizer(finalizer);
  finalizer_free(finalizer);
}

struct nck_finalizer *nck_finalizer_settle(struct nck_finalizer *finalizer, napi_status status) {
  if (finalizer == NULL)
    return NULL;
  making = finalizer->outer_making;
  if (finalizer->ran) {
    finalizer_free(finalizer);
    return NULL;
  }
  if (status == napi_ok)
    return finalizer;
  bool may_still_run = finalizer->kind == NCK_FINALIZER_BUFFER ||
                       finalizer->kind == NCK_FINALIZER_ARRAYBUFFER ||
                       finalizer->kind == NCK_FINALIZER_STRING;
  if (may_still_run)
    finalizer->retired = true;
  else
    finalizer_drop(finalizer);
  return NULL;
}

void nck_finalizer_reference_deleted(struct nck_finalizer *finalizer, uint32_t stack) {
  finalizer->reference = NULL;
  // One object may have two finalizers, the first of which frees it and takes the other back.
  if (finalizer->user_data != NULL && finalizer->user_data == running_data)
    finalizer->retired = true;
  if (finalizer->retired || stack == 0)
    return;
  finalizer->deleted_stack = stack;
  // The addon does not hold them by this any more.
  finalizer->user_data = NCK_HIDDEN(finalizer->user_data);
  finalizer->user_hint = NCK_HIDDEN(finalizer->user_hint);
}

void nck_finalizer_retire(struct nck_finalizer *finalizer) {
  // A reference that napi_wrap returned stays the addon's to delete.
  struct nck_object *object;
  if (finalizer->reference != NULL &&
      nck_object_decode(NCK_HIDDEN(finalizer->reference), NCK_KIND_REFERENCE, &object) ==
          NCK_WORD_LIVE)
    object->data = 0;
  finalizer_drop(finalizer);
}

void nck_finalizer_log(struct nck_env *state, enum nck_finalizer_kind kind, const void *user_cb,
                       const void *data, uint32_t stack) {
  struct nck_record_header *header = nck_recorder.header;
  if (header == NULL || nck_recorder_is_blind())
    return;
  uint64_t frame = nck_module_frame((uintptr_t)user_cb, true);
  bool is_shared = nck_many_threads || state == NULL;
  if (is_shared)
    pthread_mutex_lock(&log_lock);
  uint64_t order = header->n_finalizers;
  uint32_t row = order < NCK_FINALIZER_RING - 1 ? nck_recorder_append(NCK_TABLE_FINALIZER, 1)
                                                : (uint32_t)(order % (NCK_FINALIZER_RING - 1)) + 1;
  if (row != 0) {
    header->n_finalizers = order + 1;
    nck_recorder.finalizers[row] = (struct nck_finalizer_row){
        .order = order + 1,
        .cb_frame = frame,
        .env = state != NULL ? state->index : 0,
        .stack = stack,
        .phase = (uint16_t)(state != NULL && state->state != NCK_ENV_ALIVE
                                ? (kind == NCK_FINALIZER_HOOK || kind == NCK_FINALIZER_ASYNC_HOOK
                                       ? NCK_PHASE_CLEANUP_HOOK
                                       : NCK_PHASE_TEARDOWN)
                            : kind == NCK_FINALIZER_HOOK || kind == NCK_FINALIZER_ASYNC_HOOK
                                ? NCK_PHASE_CLEANUP_HOOK
                            : nck_tls.frame != NULL ? NCK_PHASE_GC
                                                    : NCK_PHASE_DEFERRED),
        .kind = (uint16_t)kind,
        .ms = nck_recorder_ms(),
        .data = (uint64_t)(uintptr_t)data,
    };
  }
  if (is_shared)
    pthread_mutex_unlock(&log_lock);
}

// Its record is gone, but the log may still know of the first run.
static bool find_logged(const void *data, struct nck_finalizer_row *found) {
  uint64_t n = nck_recorder.header->n_rows[NCK_TABLE_FINALIZER];
  pthread_mutex_lock(&log_lock);
  for (uint64_t i = 1; i < n; i++) {
    const struct nck_finalizer_row *row = &nck_recorder.finalizers[i];
    if (row->data == (uint64_t)(uintptr_t)data && row->order > found->order)
      *found = *row;
  }
  pthread_mutex_unlock(&log_lock);
  return found->order != 0;
}

void nck_finalizer_report_twice(struct nck_env *state, const void *data) {
  if (nck_recorder.header == NULL || !nck_finding_wanted(NCK_FINDING_FINALIZER_RAN_TWICE))
    return;
  struct nck_event event = {.kind = NCK_FINDING_FINALIZER_RAN_TWICE, .state = state, .no_js = true};
  struct nck_finalizer_row first = {0};
  if (find_logged(data, &first)) {
    const struct nck_module *module = &nck_recorder.modules[NCK_FRAME_MODULE(first.cb_frame)];
    uintptr_t user_cb = (uintptr_t)(module->bias + NCK_FRAME_OFFSET(first.cb_frame));
    event.env = first.env;
    event.roles[0] = NCK_ROLE_CREATED;
    event.stacks[0] = first.stack;
    if (first.cb_frame != 0) {
      event.roles[1] = NCK_ROLE_CALLBACK;
      event.stacks[1] = nck_stack_single((const void *)user_cb, true);
    }
  }
  nck_finding_raise(&event,
                    "the runtime ran a finalizer for %p that had run before; the second run was "
                    "not handed on to the addon, which has most likely freed that memory",
                    data);
}

void nck_finalizer_run(napi_env env, void *data, void *hint) {
  struct nck_finalizer *finalizer = find_record(hint);
  if (NCK_UNLIKELY(finalizer == NULL)) {
    nck_finalizer_report_twice(env != NULL ? nck_env_find(env) : NULL, data);
    return;
  }
  struct nck_finalizer copy = *finalizer;
  if (copy.deleted_stack != 0)
    copy.user_hint = NCK_HIDDEN(copy.user_hint);
  struct nck_env *state = copy.state;
  bool own_thread = state->thread == nck_thread_current();
  nck_finalizer_log(state, copy.kind, (const void *)(uintptr_t)copy.user_cb, data, copy.stack);
  if (own_thread) {
    struct nck_object *object;
    if (copy.reference != NULL &&
        nck_object_decode(NCK_HIDDEN(copy.reference), NCK_KIND_REFERENCE, &object) == NCK_WORD_LIVE)
      object->data = 0;
    unlink_finalizer(finalizer);
    bool in_making = false;
    for (struct nck_finalizer *f = making; f != NULL; f = f->outer_making)
      in_making |= f == finalizer;
    if (in_making)
      finalizer->ran = true;
    else
      finalizer_free(finalizer);
    if (state->state == NCK_ENV_ALIVE) {
      state->row->n_gc_seen++;
      if (nck_runtime_finalizes_first() && nck_tls.frame == NULL) {
        nck_scan_note_reachable(data);
        nck_scan_note_reachable(copy.user_hint);
      }
    }
    // Instance data may well be a hook's argument, too: the hook stops what works on it, its own
    // finalizer frees it.
    if (copy.kind != NCK_FINALIZER_INSTANCE_DATA)
      nck_owner_check(state, data, (const void *)(uintptr_t)copy.user_cb, false);
    if (copy.user_hint != data && copy.kind != NCK_FINALIZER_INSTANCE_DATA)
      nck_owner_check(state, copy.user_hint, (const void *)(uintptr_t)copy.user_cb, true);
  } else {
    finalizer->retired = finalizer->ran = true;
  }
  NCK_FRAME(frame);
  nck_frame_enter(&frame, own_thread ? state : NULL, NCK_FRAME_FINALIZER,
                  (const void *)(uintptr_t)copy.user_cb);
  // Only modules of the experimental version get their finalizers within the collection itself.
  frame.collects = own_thread && copy.kind != NCK_FINALIZER_POSTED &&
                   copy.kind != NCK_FINALIZER_INSTANCE_DATA && state->state == NCK_ENV_ALIVE;
  frame.basic = frame.collects && state->napi_version == NAPI_VERSION_EXPERIMENTAL_VALUE;
  const void *outer_data = running_data;
  running_data = data;
  copy.user_cb(env, data, copy.user_hint);
  running_data = outer_data;
  if (own_thread && copy.kind == NCK_FINALIZER_INSTANCE_DATA) {
    if (state->instance_finalizer == finalizer)
      state->instance_finalizer = NULL;
    nck_owner_gone(state, data, (const void *)(uintptr_t)copy.user_cb, false);
  }
}

static void report_deleted_early(struct nck_env *state, const struct nck_finalizer *finalizer) {
  if (!nck_finding_wanted(NCK_FINDING_WRAP_REFERENCE_DELETED_EARLY))
    return;
  struct nck_event event = {.kind = NCK_FINDING_WRAP_REFERENCE_DELETED_EARLY,
                            .severity = finalizer->unreachable ? NCK_SEVERITY_LEAK : 0,
                            .function = NCK_FN_napi_delete_reference,
                            .env = state->index,
                            .module = state->module,
                            .object_kind = NCK_KIND_WRAP,
                            .roles = {NCK_ROLE_DELETED, NCK_ROLE_CREATED},
                            .stacks = {finalizer->deleted_stack, finalizer->stack},
                            .no_js = true};
  nck_finding_raise(&event,
                    "the reference of a %s was deleted before its finalizer ran, and the finalizer "
                    "never ran: the native object stays%s",
                    finalizer->kind == NCK_FINALIZER_WRAP ? "wrap" : "finalizer",
                    finalizer->unreachable ? "; its memory was never freed, and nothing points to "
                                             "it any more: nobody can free it"
                                           : "");
}

static void report_never_ran(struct nck_env *state, const struct nck_finalizer *finalizer) {
  if (!nck_finding_wanted(NCK_FINDING_FINALIZER_NEVER_RAN))
    return;
  struct nck_event event = {
      .kind = NCK_FINDING_FINALIZER_NEVER_RAN,
      .env = state->index,
      .module = state->module,
      .object_kind = finalizer->object_kind,
      .roles = {NCK_ROLE_CREATED, NCK_ROLE_CALLBACK},
      .stacks = {finalizer->stack,
                 nck_stack_single((const void *)(uintptr_t)finalizer->user_cb, true)},
      .no_js = true};
  nck_finding_raise(&event, "env %u ended in order, but a finalizer that it was given never ran",
                    state->index);
}

static void give_back(struct nck_env *state) {
  while (state->free_finalizers != NULL) {
    struct nck_finalizer *finalizer = state->free_finalizers;
    state->free_finalizers = finalizer->next;
    nck_held_free(finalizer, sizeof *finalizer);
  }
  while (state->free_wraps != NULL) {
    struct nck_wrap_key *key = state->free_wraps;
    state->free_wraps = key->next_free;
    nck_own_free(key, sizeof *key);
  }
}

void nck_finalizer_env_ended(struct nck_env *state, bool in_order) {
  if (state->state == NCK_ENV_ENDED && state->thread == nck_tls.thread)
    give_back(state);
  // Bun runs no finalizers at the end of its main env, Deno not all of them: no addon can change
  // it.
  if (!nck_runtime_has_uv())
    return;
  for (struct nck_finalizer *f = state->finalizers; f != NULL; f = f->next) {
    if (f->deleted_stack != 0 && in_order)
      report_deleted_early(state, f);
    else if (!f->retired && in_order)
      report_never_ran(state, f);
  }
}
