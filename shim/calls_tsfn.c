// calls_tsfn.c: threadsafe functions.
//
// open (n_threads > 0) -> closing (released to zero, or aborted) -> finalized -> freed. Calls,
// acquires and releases come from any thread at any rate: a call costs one decode and one atomic
// add, and takes no lock.
//   invariant: n_pending >= calls that are under way or were accepted by the runtime - calls
//   delivered to call_js_cb
// The record is the runtime's context. Runtimes up to Node 22 drain the queue through
// call_js_cb(NULL, NULL, ...) after the finalizer, so it is freed no earlier than at the next
// creation or finalization in its env, and not while calls are pending. Where the addon gave no
// finalizer, the runtime's own end of the function is not seen: then it is taken as finalized when
// nothing is held or pending any more and the event loop has turned since.
// What is left when the env ends, or is aborted, is finalized while threads still hold it. Node
// before 24.14 frees it then, under their feet; newer ones answer napi_closing until each of them
// has let go (nck_runtime_keeps_functions).
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "finalizer.h"
#include "finding.h"
#include "forks.h"
#include "frame.h"
#include "held.h"
#include "object.h"
#include "options.h"
#include "recorder.h"
#include "runtime.h"
#include "stack.h"

struct nck_tsfn {
  struct nck_tsfn *next; // of the env: finalized, or without a finalizer
  struct nck_env *state; // NULL: freed, and a thread came too late
  napi_threadsafe_function_call_js call_js;
  napi_finalize finalize;
  void *user_finalize_data;
  void *user_context;
  void *token; // hidden
  uint32_t created_stack, released_stack;
  uint32_t env; // row
  int32_t n_threads;
  uint32_t n_pending;
  bool counts_calls; // until they are delivered; without a call_js_cb nothing tells of that, and
                     // the record is not needed for it
  bool closing, finalized;
  uint32_t idle_turn, idle_ms; // when it was first seen to be at its end; 0 ms: it was not
};

// Records that were freed. They become records of functions again and nothing else, so a thread
// that comes too late finds one without an env, or one of a later function.
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER; // nests in nothing
NCK_FORKS_HOLD(pool_lock)
static struct nck_tsfn *pool;

static struct nck_tsfn *tsfn_new(void) {
  pthread_mutex_lock(&pool_lock);
  struct nck_tsfn *tsfn = pool;
  if (tsfn != NULL)
    pool = tsfn->next;
  pthread_mutex_unlock(&pool_lock);
  if (tsfn == NULL)
    return nck_held_alloc(sizeof *tsfn);
  tsfn->next = NULL;
  return tsfn;
}

static void tsfn_free(struct nck_tsfn *tsfn) {
  __atomic_store_n(&tsfn->state, NULL, __ATOMIC_RELEASE);
  memset(tsfn, 0, sizeof *tsfn); // nothing of the addon's is held by it
  pthread_mutex_lock(&pool_lock);
  tsfn->next = pool;
  pool = tsfn;
  pthread_mutex_unlock(&pool_lock);
}

// The last functions of which this thread was told napi_closing, hidden: each time the runtime took
// one hold away, which the thread may have been the one to have.
enum { TOLD = 8 };
static __thread struct {
  uint32_t n;
  void *functions[TOLD];
} told_closing __attribute__((tls_model("initial-exec")));

static void note_told(napi_threadsafe_function func) {
  told_closing.functions[told_closing.n++ % TOLD] = NCK_HIDDEN(func);
}

static bool was_told(napi_threadsafe_function func) {
  if (NCK_LIKELY(told_closing.n == 0))
    return false;
  for (uint32_t i = 0; i < TOLD; i++)
    if (told_closing.functions[i] == NCK_HIDDEN(func))
      return true;
  return false;
}
static const char told[] = "after napi_closing had been returned to this thread";
static const char doubt_of_told[] =
    "a thread may hold a function more than once; where it does not, the runtime takes another "
    "thread's hold away, and frees the function under its feet";

// Puts a function on the list of those that will be freed.
static void tsfn_append(struct nck_env *state, struct nck_tsfn *tsfn) {
  tsfn->next = NULL;
  if (state->tsfn_first == NULL)
    state->tsfn_first = tsfn;
  else
    state->tsfn_last->next = tsfn;
  state->tsfn_last = tsfn;
}

// Drops the token of a function that is at its end.
static void tsfn_drop(struct nck_tsfn *tsfn) {
  struct nck_object *object;
  if (nck_object_decode(NCK_HIDDEN(tsfn->token), NCK_KIND_THREADSAFE_FUNCTION, &object) ==
      NCK_WORD_LIVE)
    nck_object_drop(tsfn->state, object, tsfn->released_stack, NCK_FATE_DELETED);
}

// True while threads may still use a function that is finalized.
static bool is_kept(const struct nck_tsfn *tsfn) {
  return __atomic_load_n(&tsfn->n_threads, __ATOMIC_RELAXED) > 0 &&
         nck_runtime_keeps_functions() != NCK_NO;
}

// True when the runtime has let go of a function whose finalizer is missing, as far as its callers
// can tell.
static bool is_over(struct nck_env *state, struct nck_tsfn *tsfn) {
  enum { TURNS = 3, MS = 100 };
  if (!__atomic_load_n(&tsfn->closing, __ATOMIC_ACQUIRE) ||
      __atomic_load_n(&tsfn->n_threads, __ATOMIC_RELAXED) > 0 ||
      __atomic_load_n(&tsfn->n_pending, __ATOMIC_ACQUIRE) > 0)
    return false;
  nck_env_count_turn_slow(state);
  uint32_t turn = nck_recorder.header->n_turns, ms = nck_recorder_ms();
  if (tsfn->idle_ms == 0) {
    tsfn->idle_turn = turn;
    tsfn->idle_ms = ms | 1;
  }
  return ms - tsfn->idle_ms > MS && (state->loop == NULL || turn - tsfn->idle_turn >= TURNS);
}

// Frees some of what the runtime has done with. The env's own thread, where no function is being
// finalized.
static void tsfn_sweep(struct nck_env *state) {
  enum { LOOKED_AT = 4 }; // more than come in between two sweeps, so the list does not grow
  for (int i = 0; i < LOOKED_AT && state->tsfn_first != NULL; i++) {
    struct nck_tsfn *tsfn = state->tsfn_first;
    bool over = tsfn->finalized
                    ? !is_kept(tsfn) && __atomic_load_n(&tsfn->n_pending, __ATOMIC_ACQUIRE) == 0
                    : is_over(state, tsfn);
    state->tsfn_first = tsfn->next;
    if (!over) {
      tsfn_append(state, tsfn);
      continue;
    }
    tsfn_drop(tsfn);
    tsfn_free(tsfn);
  }
}

static void call_js_trampoline(napi_env env, napi_value js_callback, void *context, void *data) {
  struct nck_tsfn *tsfn = context;
  __atomic_fetch_sub(&tsfn->n_pending, 1, __ATOMIC_RELEASE);
  struct nck_env *state = env != NULL && tsfn->state->state != NCK_ENV_ENDED ? tsfn->state : NULL;
  // Calls of threadsafe functions are counted where they arrive: a count at the caller's would be
  // fought over by all threads.
  if (state != NULL)
    state->row->n_calls++;
  NCK_FRAME(frame);
  nck_frame_enter(&frame, state, NCK_FRAME_CALL_JS, (const void *)(uintptr_t)tsfn->call_js);
  if (state != NULL && js_callback != NULL)
    js_callback = nck_value_tagged(js_callback, state->top_tag_bits);
  tsfn->call_js(env, js_callback, tsfn->user_context, data);
}

static void finalize_trampoline(napi_env env, void *finalize_data, void *context) {
  (void)finalize_data;
  struct nck_tsfn *tsfn = context;
  struct nck_env *state = tsfn->state;
  if (NCK_UNLIKELY(state == NULL || tsfn->finalized)) {
    nck_finalizer_report_twice(state, state != NULL ? tsfn->user_finalize_data : NULL);
    return;
  }
  tsfn_sweep(state);
  nck_finalizer_log(state, NCK_FINALIZER_THREADSAFE_FUNCTION,
                    (const void *)(uintptr_t)tsfn->finalize, tsfn->user_finalize_data,
                    tsfn->created_stack);
  {
    NCK_FRAME(frame);
    nck_frame_enter(&frame, state, NCK_FRAME_FINALIZER, (const void *)(uintptr_t)tsfn->finalize);
    tsfn->finalize(env, tsfn->user_finalize_data, tsfn->user_context);
  }
  // The function is valid inside its own finalizer, and not after.
  __atomic_store_n(&tsfn->finalized, true, __ATOMIC_RELEASE);
  if (__atomic_load_n(&tsfn->closing, __ATOMIC_ACQUIRE)) {
    if (!is_kept(tsfn))
      tsfn_drop(tsfn);
    tsfn_append(state, tsfn);
    return;
  }
  // Not released to zero: the end of the env finalized what is still held.
  struct nck_object *object;
  if (nck_object_decode(NCK_HIDDEN(tsfn->token), NCK_KIND_THREADSAFE_FUNCTION, &object) ==
      NCK_WORD_LIVE)
    __atomic_fetch_or(&object->flags, NCK_OBJECT_ENV_ENDED, __ATOMIC_RELAXED);
}

napi_status napi_create_threadsafe_function(napi_env env, napi_value func,
                                            napi_value async_resource,
                                            napi_value async_resource_name, size_t max_queue_size,
                                            size_t initial_thread_count, void *thread_finalize_data,
                                            napi_finalize thread_finalize_cb, void *context,
                                            napi_threadsafe_function_call_js call_js_cb,
                                            napi_threadsafe_function *result) {
  const enum nck_function_id id = NCK_FN_napi_create_threadsafe_function;
  NCK_ENTER(napi_create_threadsafe_function);
  if (state == NULL)
    return nck_real.napi_create_threadsafe_function(
        env, func, async_resource, async_resource_name, max_queue_size, initial_thread_count,
        thread_finalize_data, thread_finalize_cb, context, call_js_cb, result);
  func = nck_value_in(state, func, id, pc);
  async_resource = nck_value_in(state, async_resource, id, pc);
  async_resource_name = nck_value_in(state, async_resource_name, id, pc);
  NCK_BEFORE_REAL(state, id, pc);
  if (!state->foreign)
    tsfn_sweep(state);
  struct nck_tsfn *tsfn = !state->foreign && !nck_recorder_is_blind() ? tsfn_new() : NULL;
  void *our_context = context, *our_finalize_data = thread_finalize_data;
  napi_finalize our_finalize = thread_finalize_cb;
  napi_threadsafe_function_call_js our_call_js = call_js_cb;
  if (tsfn != NULL) {
    __atomic_store_n(&tsfn->state, state, __ATOMIC_RELEASE);
    tsfn->env = state->index;
    tsfn->call_js = call_js_cb;
    tsfn->finalize = thread_finalize_cb;
    tsfn->user_finalize_data = thread_finalize_data;
    tsfn->user_context = context;
    tsfn->n_threads = (int32_t)initial_thread_count;
    tsfn->created_stack = nck_finding_stack(pc);
    our_context = tsfn;
    // A missing finalizer or call_js_cb stays missing: the runtime opens a callback scope for one,
    // calls the function itself without the other.
    if (thread_finalize_cb != NULL)
      our_finalize = finalize_trampoline;
    if (call_js_cb != NULL)
      our_call_js = call_js_trampoline;
    tsfn->counts_calls = call_js_cb != NULL;
  }
  napi_status status = nck_real.napi_create_threadsafe_function(
      env, func, async_resource, async_resource_name, max_queue_size, initial_thread_count,
      our_finalize_data, our_finalize, our_context, our_call_js, result);
  if (NCK_UNLIKELY(status != napi_ok)) {
    if (tsfn != NULL)
      tsfn_free(tsfn);
    nck_call_failed(state, id, status, pc);
    return status;
  }
  if (tsfn != NULL) {
    *result = nck_object_new(state, NCK_KIND_THREADSAFE_FUNCTION, *result,
                             (uint32_t)initial_thread_count, id, pc, 0);
    tsfn->token = NCK_HIDDEN(*result);
    struct nck_object *object;
    if (nck_object_decode(*result, NCK_KIND_THREADSAFE_FUNCTION, &object) == NCK_WORD_LIVE)
      object->data = (uint64_t)(uintptr_t)tsfn;
    if (thread_finalize_cb == NULL)
      tsfn_append(state, tsfn);
  }
  return status;
}

// `tsfn`: where the function's own record is there still; NULL elsewhere.
static void report_after_release(const struct nck_object *object, const struct nck_tsfn *tsfn,
                                 const void *word, enum nck_function_id function, const void *pc,
                                 const char *why, const char *doubt) {
  if (!nck_finding_wanted(NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE))
    return;
  struct nck_event event = {.kind = NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE,
                            .severity = doubt != NULL ? NCK_SEVERITY_WARNING : 0,
                            .function = function,
                            .env = object != NULL ? object->env : 0,
                            .object_kind = NCK_KIND_THREADSAFE_FUNCTION,
                            .roles = {NCK_ROLE_USED},
                            .stacks = {nck_finding_stack(pc)},
                            .reason = doubt,
                            .no_js = true};
  if (object != NULL) {
    int i = 1;
    uint32_t released = object->end_stack;
    event.module = nck_recorder.sites[object->site].module;
    if (released == 0 && tsfn != NULL)
      released = tsfn->released_stack;
    if (released != 0) {
      event.roles[i] = NCK_ROLE_RELEASED;
      event.stacks[i++] = released;
    }
    event.roles[i] = NCK_ROLE_CREATED;
    event.stacks[i] = nck_recorder.sites[object->site].stack;
  }
  nck_finding_raise(&event, "%s got the threadsafe function %p, %s", nck_function_name(function),
                    word, why);
}

// What becomes of a call.
enum fate {
  FORWARD,
  REFUSE, // it would be undefined: answer napi_closing or napi_invalid_arg
  CLOSING // answer as the runtime would, without asking it
};

// A thread that nobody has stopped calls while the env is being torn down, where the runtime frees
// the function at any moment.
static void report_in_teardown(const struct nck_object *object, const struct nck_tsfn *tsfn,
                               const void *word, enum nck_function_id function, const void *pc) {
  if (tsfn->state->thread == nck_tls.thread || nck_runtime_keeps_functions() != NCK_NO)
    return;
  report_after_release(object, tsfn, word, function, pc,
                       "whose env is being torn down: stop the thread in a cleanup hook",
                       "this version of Node frees the function within that teardown, and a call "
                       "that comes a moment later ends the process; Node from 24.14 on answers "
                       "napi_closing");
}

// A function whose env is at its end, or that was finalized while it was held.
static enum fate use_at_end(struct nck_object *object, const void *word, struct nck_tsfn *tsfn,
                            enum nck_function_id function, const void *pc) {
  enum nck_answer kept = nck_runtime_keeps_functions();
  bool ended = __atomic_load_n(&tsfn->state->state, __ATOMIC_ACQUIRE) == NCK_ENV_ENDED,
       finalized = __atomic_load_n(&tsfn->finalized, __ATOMIC_ACQUIRE),
       held = __atomic_load_n(&tsfn->n_threads, __ATOMIC_RELAXED) > 0;
  // Our hook is the last of the env's: the function is closing by now, and Node frees it at any
  // moment.
  if (!ended && !finalized) {
    if (kept != NCK_NO || !held)
      return FORWARD;
    // Letting go is right at any time.
    if (function != NCK_FN_napi_release_threadsafe_function)
      report_in_teardown(object, tsfn, word, function, pc);
    return CLOSING;
  }
  const char *why =
      ended ? "whose env has ended" : "which was finalized while threads still held it";
  char text[160];
  if (!held || kept == NCK_NO) {
    snprintf(text, sizeof text, "%s: the runtime has freed it; the call was not forwarded", why);
    report_after_release(object, tsfn, word, function, pc, text, NULL);
    return REFUSE;
  }
  report_after_release(object, tsfn, word, function, pc, why,
                       kept == NCK_YES
                           ? "this version of Node keeps the function until its last thread has "
                             "let go; Node before 24.14 has freed it"
                           : "not every runtime frees the function before its last thread has let "
                             "go");
  return kept == NCK_YES ? FORWARD : REFUSE;
}

// What is to be done with a call, and what the runtime gets for the token. *tsfn and *object are
// NULL for what is no live token of ours. Any thread.
static enum fate tsfn_in(napi_threadsafe_function func, enum nck_function_id function,
                         const void *pc, napi_threadsafe_function *real, struct nck_tsfn **tsfn,
                         struct nck_object **object) {
  struct nck_object *found;
  const struct nck_env *owner;
  *real = func;
  *tsfn = NULL;
  *object = NULL;
  if (!nck_active || nck_recorder.header == NULL)
    return FORWARD;
  switch (nck_object_decode(func, NCK_KIND_THREADSAFE_FUNCTION, &found)) {
  case NCK_WORD_LIVE:
    *real = (napi_threadsafe_function)(uintptr_t)found->real;
    *tsfn = (struct nck_tsfn *)(uintptr_t)found->data;
    *object = found;
    owner = __atomic_load_n(&(*tsfn)->state, __ATOMIC_ACQUIRE);
    if (NCK_UNLIKELY(owner == NULL)) // freed since the token was looked at
      break;
    if (NCK_UNLIKELY(__atomic_load_n(&owner->state, __ATOMIC_ACQUIRE) != NCK_ENV_ALIVE ||
                     __atomic_load_n(&(*tsfn)->finalized, __ATOMIC_ACQUIRE)))
      return use_at_end(found, func, *tsfn, function, pc);
    return FORWARD;
  case NCK_WORD_DEAD:
    break;
  case NCK_WORD_OTHER:
    report_after_release(NULL, NULL, func, function, pc,
                         "which is no threadsafe function; the call was not forwarded", NULL);
    return REFUSE;
  default:
    return FORWARD;
  }
  report_after_release(found, NULL, func, function, pc,
                       "which had been finalized before; the call was not forwarded", NULL);
  return REFUSE;
}

napi_status napi_get_threadsafe_function_context(napi_threadsafe_function func, void **result) {
  const void *pc = NCK_PC;
  struct nck_tsfn *tsfn;
  struct nck_object *object;
  napi_threadsafe_function real;
  enum fate fate =
      tsfn_in(func, NCK_FN_napi_get_threadsafe_function_context, pc, &real, &tsfn, &object);
  if (NCK_UNLIKELY(fate == REFUSE))
    return napi_invalid_arg;
  napi_status status =
      fate == CLOSING ? napi_ok : nck_real.napi_get_threadsafe_function_context(real, result);
  if (status == napi_ok && tsfn != NULL && result != NULL)
    *result = tsfn->user_context;
  return status;
}

napi_status napi_call_threadsafe_function(napi_threadsafe_function func, void *data,
                                          napi_threadsafe_function_call_mode is_blocking) {
  const enum nck_function_id id = NCK_FN_napi_call_threadsafe_function;
  const void *pc = NCK_PC;
  struct nck_tsfn *tsfn;
  struct nck_object *object;
  napi_threadsafe_function real;
  bool counts_calls = false;
  enum fate fate = tsfn_in(func, id, pc, &real, &tsfn, &object);
  if (NCK_UNLIKELY(fate != FORWARD)) {
    if (fate == CLOSING) {
      __atomic_fetch_sub(&tsfn->n_threads, 1, __ATOMIC_RELAXED);
      note_told(func);
    }
    return napi_closing;
  }
  if (tsfn != NULL) {
    if (NCK_UNLIKELY(__atomic_load_n(&tsfn->n_threads, __ATOMIC_RELAXED) <= 0))
      report_after_release(object, tsfn, func, id, pc, "after the last thread had released it",
                           NULL);
    else if (NCK_UNLIKELY(was_told(func)))
      report_after_release(object, tsfn, func, id, pc, told, doubt_of_told);
    counts_calls = tsfn->counts_calls;
    // Until the runtime has answered the record is needed in any case: with napi_closing this
    // thread's hold is gone, and the env's thread may be done with the function.
    __atomic_fetch_add(&tsfn->n_pending, 1, __ATOMIC_RELAXED);
  }
  napi_status status = nck_real.napi_call_threadsafe_function(real, data, is_blocking);
  if (NCK_UNLIKELY(status != napi_ok || !counts_calls) && tsfn != NULL) {
    // The runtime takes this thread's hold away with that answer.
    if (status == napi_closing) {
      if (!__atomic_load_n(&tsfn->closing, __ATOMIC_RELAXED)) // the addon has not closed it
        report_in_teardown(object, tsfn, func, id, pc);
      __atomic_fetch_sub(&tsfn->n_threads, 1, __ATOMIC_RELAXED);
      note_told(func);
    }
    __atomic_fetch_sub(&tsfn->n_pending, 1, __ATOMIC_RELEASE);
  }
  return status;
}

static void note_threads(struct nck_object *object, int32_t n_threads) {
  __atomic_store_n(&object->count, (uint32_t)n_threads, __ATOMIC_RELAXED);
}

napi_status napi_acquire_threadsafe_function(napi_threadsafe_function func) {
  const enum nck_function_id id = NCK_FN_napi_acquire_threadsafe_function;
  const void *pc = NCK_PC;
  struct nck_tsfn *tsfn;
  struct nck_object *object;
  napi_threadsafe_function real;
  if (NCK_UNLIKELY(tsfn_in(func, id, pc, &real, &tsfn, &object) != FORWARD))
    return napi_closing;
  if (NCK_UNLIKELY(was_told(func)) && tsfn != NULL)
    report_after_release(object, tsfn, func, id, pc, told, doubt_of_told);
  napi_status status = nck_real.napi_acquire_threadsafe_function(real);
  if (status == napi_ok && tsfn != NULL)
    note_threads(object, __atomic_add_fetch(&tsfn->n_threads, 1, __ATOMIC_RELAXED));
  return status;
}

static void report_over_release(const struct nck_object *object, const void *word,
                                const struct nck_tsfn *tsfn, const void *pc, const char *why,
                                const char *doubt) {
  if (!nck_finding_wanted(NCK_FINDING_THREADSAFE_FUNCTION_OVER_RELEASE))
    return;
  struct nck_event event = {
      .kind = NCK_FINDING_THREADSAFE_FUNCTION_OVER_RELEASE,
      .severity = doubt != NULL ? NCK_SEVERITY_WARNING : 0,
      .function = NCK_FN_napi_release_threadsafe_function,
      .env = object->env,
      .module = nck_recorder.sites[object->site].module,
      .object_kind = NCK_KIND_THREADSAFE_FUNCTION,
      .roles = {NCK_ROLE_USED, NCK_ROLE_RELEASED, NCK_ROLE_CREATED},
      .stacks = {nck_finding_stack(pc), tsfn->released_stack, tsfn->created_stack},
      .reason = doubt,
      .no_js = true};
  if (tsfn->released_stack == 0) { // a runtime that closed it by itself
    event.roles[1] = NCK_ROLE_CREATED;
    event.stacks[1] = tsfn->created_stack;
    event.roles[2] = NCK_ROLE_NONE;
  }
  nck_finding_raise(&event, "napi_release_threadsafe_function was called on %p %s", word, why);
}

napi_status napi_release_threadsafe_function(napi_threadsafe_function func,
                                             napi_threadsafe_function_release_mode mode) {
  const enum nck_function_id id = NCK_FN_napi_release_threadsafe_function;
  const void *pc = NCK_PC;
  struct nck_tsfn *tsfn;
  struct nck_object *object;
  napi_threadsafe_function real;
  enum fate fate = tsfn_in(func, id, pc, &real, &tsfn, &object);
  if (NCK_UNLIKELY(fate == REFUSE))
    return napi_invalid_arg;
  if (tsfn != NULL) {
    int32_t left = __atomic_sub_fetch(&tsfn->n_threads, 1, __ATOMIC_RELAXED);
    if (NCK_UNLIKELY(left < 0)) {
      __atomic_fetch_add(&tsfn->n_threads, 1, __ATOMIC_RELAXED);
      // Aborting what was released already is allowed: node-addon-api's AsyncProgressWorker does
      // both, and the runtime answers napi_invalid_arg.
      if (mode != napi_tsfn_abort)
        report_over_release(object, func, tsfn, pc,
                            was_told(func) ? "more often than threads hold it: napi_closing, which "
                                             "was returned to this thread, had taken its hold away"
                                           : "more often than threads hold it",
                            NULL);
    } else {
      if (NCK_UNLIKELY(was_told(func)))
        report_over_release(object, func, tsfn, pc, told, doubt_of_told);
      note_threads(object, left);
      if (left == 0 || mode == napi_tsfn_abort) {
        // Before the runtime hears of it: it may finalize on the env's thread at once.
        tsfn->released_stack = nck_finding_stack(pc);
        __atomic_store_n(&tsfn->closing, true, __ATOMIC_RELEASE);
        __atomic_fetch_or(&object->flags, NCK_OBJECT_CLOSING, __ATOMIC_RELAXED);
      }
    }
  }
  return fate == CLOSING ? napi_ok : nck_real.napi_release_threadsafe_function(real, mode);
}

napi_status napi_unref_threadsafe_function(napi_env env, napi_threadsafe_function func) {
  const enum nck_function_id id = NCK_FN_napi_unref_threadsafe_function;
  NCK_ENTER(napi_unref_threadsafe_function);
  struct nck_tsfn *tsfn;
  struct nck_object *object;
  napi_threadsafe_function real;
  enum fate fate = tsfn_in(func, id, pc, &real, &tsfn, &object);
  if (NCK_UNLIKELY(fate != FORWARD))
    return fate == CLOSING ? napi_ok : napi_invalid_arg;
  napi_status status = nck_real.napi_unref_threadsafe_function(env, real);
  if (status == napi_ok && object != NULL)
    __atomic_fetch_or(&object->flags, NCK_OBJECT_UNREFED, __ATOMIC_RELAXED);
  (void)state;
  return status;
}

napi_status napi_ref_threadsafe_function(napi_env env, napi_threadsafe_function func) {
  const enum nck_function_id id = NCK_FN_napi_ref_threadsafe_function;
  NCK_ENTER(napi_ref_threadsafe_function);
  struct nck_tsfn *tsfn;
  struct nck_object *object;
  napi_threadsafe_function real;
  enum fate fate = tsfn_in(func, id, pc, &real, &tsfn, &object);
  if (NCK_UNLIKELY(fate != FORWARD))
    return fate == CLOSING ? napi_ok : napi_invalid_arg;
  napi_status status = nck_real.napi_ref_threadsafe_function(env, real);
  if (status == napi_ok && object != NULL)
    __atomic_fetch_and(&object->flags, (uint16_t)~NCK_OBJECT_UNREFED, __ATOMIC_RELAXED);
  (void)state;
  return status;
}
