// env.c: envs and threads: birth, look-up, end.
#define _GNU_SOURCE
#include "env.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collections.h"
#include "ending.h"
#include "finalizer.h"
#include "finding.h"
#include "forks.h"
#include "frame.h"
#include "hook.h"
#include "loader.h"
#include "loss.h"
#include "module.h"
#include "object.h"
#include "options.h"
#include "orphan.h"
#include "recorder.h"
#include "runtime.h"
#include "scan.h"
#include "stack.h"
#include "user.h"

__thread struct nck_tls nck_tls __attribute__((tls_model("initial-exec"))) = {.env = NCK_NO_ENV};
bool nck_many_threads;
uint64_t (*nck_uv_now)(const void *loop);

// uv_metrics_t of libuv 1.45 and newer (Node 18.18, 20): only the first field is used.
struct uv_metrics {
  uint64_t loop_count, others[15];
};
static int (*uv_metrics_info)(void *loop, struct uv_metrics *metrics);
bool nck_active;

enum { ENV_BUCKETS = 512, CALLS_PER_LOOK = 1024 };

// Protects births (insertion into the buckets, the thread's list); nests in nothing. Look-ups walk
// the chains without it: entries are only ever added, at the head, with release order.
static pthread_mutex_t env_lock = PTHREAD_MUTEX_INITIALIZER;
NCK_FORKS_HOLD(env_lock)
static struct nck_env *env_buckets[ENV_BUCKETS];
static pthread_key_t thread_key;
static bool thread_key_made;
static uint32_t n_threads;
static __thread int32_t expected_version __attribute__((tls_model("initial-exec")));

uint8_t nck_known;

static struct nck_env **env_bucket(napi_env env) {
  uintptr_t bits = (uintptr_t)env;
  return &env_buckets[(bits >> 4 ^ bits >> 13) % ENV_BUCKETS];
}

struct nck_env *nck_env_find(napi_env env) {
  struct nck_env *state = __atomic_load_n(env_bucket(env), __ATOMIC_ACQUIRE);
  while (state != NULL && state->env != env)
    state = state->next_in_bucket;
  return state; // the newest of that address comes first
}

const struct nck_env *nck_env_with_open_tag(const struct nck_env *own, uint64_t tag_bits) {
  for (int i = 0; i < ENV_BUCKETS; i++)
    for (const struct nck_env *other = __atomic_load_n(&env_buckets[i], __ATOMIC_ACQUIRE);
         other != NULL; other = other->next_in_bucket) {
      if (other->thread == own->thread || other->state == NCK_ENV_ENDED)
        continue;
      // In this order: scopes move to larger arrays only, and an array is never unmapped.
      uint32_t max = __atomic_load_n(&other->max_scopes, __ATOMIC_ACQUIRE);
      const struct nck_scope *scopes = __atomic_load_n(&other->scopes, __ATOMIC_ACQUIRE),
                             *top = __atomic_load_n(&other->top, __ATOMIC_ACQUIRE);
      for (uint32_t k = 0; k < max && &scopes[k] <= top; k++)
        if (scopes[k].tag_bits == tag_bits)
          return other;
    }
  return NULL;
}

void nck_env_expect_version(int32_t version) { expected_version = version; }

static void env_end(struct nck_env *state, const char *reason) {
  // Its thread may be at its end, too, when another env appears at its address.
  uint8_t before = __atomic_exchange_n(&state->state, NCK_ENV_ENDED, __ATOMIC_ACQ_REL);
  if (before == NCK_ENV_ENDED)
    return;
  bool was_cleaning = before == NCK_ENV_CLEANING;
  state->row->state = NCK_ENV_ENDED;
  if (state->row->ended_ms == 0)
    state->row->ended_ms = nck_recorder_ms();
  state->row->end_reason = nck_recorder_string(reason, strlen(reason));
  if (nck_tls.state == state)
    nck_env_select(NULL);
  nck_finalizer_env_ended(state, was_cleaning);
  nck_hook_env_ended(state, was_cleaning);
  nck_object_env_ended(state);
}

static void thread_end(void *arg) {
  struct nck_thread_state *thread = arg;
  for (struct nck_env *state = thread->envs; state != NULL; state = state->next_on_thread) {
    // Its hooks have run and its thread is over: so is its isolate, on Node.
    bool is_gone = state->torn_down && nck_runtime_has_uv();
    env_end(state, "its thread ended");
    if (is_gone)
      nck_callbacks_drop(state);
  }
  thread->ended = true;
  if (thread->row != 0)
    nck_recorder.threads[thread->row].ended = 1;
  if (thread->row != 0 && thread->scanned && nck_active && !nck_recorder_is_blind() &&
      nck_object_tell_lost(thread->row))
    nck_ending_worker(thread->row);
  nck_stack_thread_end();
  nck_env_select(NULL);
  nck_tls.thread = NULL;
  nck_own_free(nck_tls.closed_scopes, sizeof *nck_tls.closed_scopes);
  nck_tls.closed_scopes = NULL;
  nck_tls.last_tag = nck_tls.next_tag;
  nck_frame_thread_end(thread);
}

struct nck_thread_state *nck_thread_current(void) {
  if (nck_tls.thread != NULL)
    return nck_tls.thread;
  struct nck_thread_state *thread = nck_own_alloc(sizeof *thread);
  if (thread == NULL)
    return NULL;
  memset(thread, 0, sizeof *thread);
  thread->tid = (uint32_t)syscall(SYS_gettid);
  pthread_mutex_lock(&env_lock);
  thread->serial = ++n_threads;
  if (!thread_key_made)
    thread_key_made = pthread_key_create(&thread_key, thread_end) == 0;
  pthread_mutex_unlock(&env_lock);
  if (thread_key_made && thread->tid != (uint32_t)getpid())
    pthread_setspecific(thread_key, thread);
  thread->row = nck_recorder_append(NCK_TABLE_THREAD, 1);
  if (thread->row != 0) {
    struct nck_thread *row = &nck_recorder.threads[thread->row];
    row->tid = thread->tid;
    row->is_main = thread->tid == (uint32_t)getpid();
    pthread_getname_np(pthread_self(), row->name, sizeof row->name);
  }
  nck_tls.last_tag = nck_tls.next_tag = nck_tag_first(thread);
  nck_tls.thread = thread;
  return thread;
}

void nck_thread_name(uint32_t thread_row, char *buffer, size_t bytes) {
  if (thread_row == 0) {
    snprintf(buffer, bytes, "an unknown thread");
    return;
  }
  const struct nck_thread *row = &nck_recorder.threads[thread_row];
  snprintf(buffer, bytes, "thread %u (%s%s)", row->tid, row->is_main ? "main, " : "", row->name);
}

void nck_env_count_turn_slow(struct nck_env *state) {
  struct uv_metrics metrics; // 128 bytes: not worth clearing
  if (state->loop == NULL)
    return;
  uint64_t now = nck_uv_now(state->loop);
  if (uv_metrics_info == NULL || uv_metrics_info(state->loop, &metrics) != 0)
    metrics.loop_count = now;
  // Turns in which no addon was called count as well: a program that goes on without growing shows
  // that it was filled, not that it leaks.
  struct nck_thread_state *thread = state->thread;
  if (metrics.loop_count != thread->last_turn)
    nck_recorder_turns(thread->last_turn != 0 ? metrics.loop_count - thread->last_turn : 1);
  state->last_now = now;
  thread->last_turn = metrics.loop_count;
}

void nck_env_look_for_turn(struct nck_env *state, bool is_outermost) {
  if (state->row->n_calls >= state->calls_to_look) {
    if (state->loop == NULL)
      state->calls_to_look = UINT64_MAX;
    else if (uv_metrics_info != NULL)
      state->calls_to_look = state->row->n_calls + CALLS_PER_LOOK;
    else if (!is_outermost) // JavaScript may have moved the time
      return;
    if (state->loop != NULL && nck_uv_now(state->loop) != state->last_now)
      nck_env_count_turn_slow(state);
  }
  // Where the loop has no count, every frame looks.
  state->quick_below = state->tagged && state->calls_to_look != 0 ? state->last : NULL;
}

void nck_env_ask_for_looks(void) {
  if (nck_tls.thread != NULL)
    for (struct nck_env *state = nck_tls.thread->envs; state != NULL; state = state->next_on_thread)
      state->quick_below = NULL;
}

static bool object_is_wanted(uint32_t index, void *arg) {
  const struct nck_object *object = &nck_recorder.objects[index];
  const struct nck_thread_state *thread = arg;
  if (object->state != NCK_OBJECT_LIVE || object->evidence != NCK_EVIDENCE_NONE || object->env == 0)
    return false;
  const struct nck_env_row *row = &nck_recorder.envs[object->env];
  return thread != NULL ? row->thread == thread->row : row->state == NCK_ENV_ALIVE;
}

void nck_env_teardown_begins(struct nck_env *state) {
  struct nck_thread_state *thread = state->thread;
  if (thread->scanned || !nck_options.leak_check || nck_recorder_is_blind())
    return;
  thread->scanned = true;
  nck_env_count_turn_slow(state);
  for (struct nck_env *other = thread->envs; other != NULL; other = other->next_on_thread)
    nck_reference_examine(other);
  // A worker ends while the program goes on, whose signals are its own.
  bool ends = thread->tid == (uint32_t)getpid();
  if (ends)
    nck_ending_hold_termination();
  nck_user_forget(thread);
  nck_scan_run(object_is_wanted, thread, __builtin_frame_address(0));
  nck_loss_settle();
  nck_orphan_judge(thread, __builtin_frame_address(0));
  if (ends)
    nck_ending_release_termination(false);
}

static void env_cleanup(void *arg) {
  struct nck_env *state = arg;
  int saved = errno;
  if (nck_active && state->state == NCK_ENV_ALIVE && nck_recorder.header != NULL) {
    nck_env_teardown_begins(state);
    __atomic_store_n(&state->state, NCK_ENV_CLEANING, __ATOMIC_RELEASE);
    state->torn_down = true;
    state->row->state = NCK_ENV_CLEANING;
    state->row->ended_ms = nck_recorder_ms();
  }
  errno = saved;
}

void nck_env_close_books(enum nck_end how) {
  // An env whose cleanup hooks have run is over: the runtime exits only after its teardown.
  if (nck_tls.thread != NULL && how == NCK_END_EXIT)
    for (struct nck_env *state = nck_tls.thread->envs; state != NULL; state = state->next_on_thread)
      if (state->state == NCK_ENV_CLEANING) {
        nck_finalizer_env_ended(state, true);
        nck_hook_env_ended(state, true);
      }
  // Only where this thread's envs live can their values be looked at.
  if (nck_tls.thread != NULL && !nck_tls.thread->scanned && nck_options.leak_check)
    for (struct nck_env *state = nck_tls.thread->envs; state != NULL;
         state = state->next_on_thread) {
      if (state->state == NCK_ENV_ALIVE)
        nck_env_count_turn_slow(state);
      nck_reference_examine(state);
    }
  if (nck_options.leak_check && !nck_recorder_is_blind()) {
    nck_user_forget(NULL);
    nck_scan_run(object_is_wanted, NULL, __builtin_frame_address(0));
    nck_loss_settle();
    if (nck_tls.thread != NULL && !nck_tls.thread->scanned)
      nck_orphan_judge(nck_tls.thread, __builtin_frame_address(0));
  }
}

static __thread uint32_t fatal_stack __attribute__((tls_model("initial-exec")));

void nck_env_note_fatal(const void *pc) {
  if (nck_tls.frame != NULL && nck_tls.thread != NULL && nck_tls.thread->scanned)
    fatal_stack = nck_finding_stack(pc);
}

// Work in flight is completed when a worker is terminated, and threads' calls arrive, while nothing
// can be called any more: an addon that does not expect it mostly throws where nobody catches. The
// process is lost; at least it is said why.
void nck_env_aborts(const void *pc) {
  static const char *const callbacks[] = {
      [NCK_FRAME_CALLBACK] = "a callback",
      [NCK_FRAME_INIT] = "the initialiser",
      [NCK_FRAME_FINALIZER] = "a finalizer",
      [NCK_FRAME_EXECUTE] = "the execute callback of an async work",
      [NCK_FRAME_COMPLETE] = "the complete callback of an async work",
      [NCK_FRAME_CALL_JS] = "the call_js callback of a threadsafe function",
      [NCK_FRAME_HOOK] = "a cleanup hook",
  };
  const struct nck_thread_state *thread = nck_tls.thread;
  const struct nck_frame *frame = nck_tls.frame;
  if (nck_recorder.header == NULL || thread == NULL || !thread->scanned || frame == NULL ||
      frame->state == NULL || !nck_finding_wanted(NCK_FINDING_ABORT_AT_TEARDOWN))
    return;
  struct nck_env *env = frame->state;
  struct nck_event event = {
      .kind = NCK_FINDING_ABORT_AT_TEARDOWN,
      .function = (enum nck_function_id)env->refused_function,
      .state = env,
      .module = env->module,
      .roles = {NCK_ROLE_USED, NCK_ROLE_CALLBACK},
      .stacks = {fatal_stack != 0 ? fatal_stack : nck_finding_stack(pc),
                 nck_stack_single(frame->user_cb, true)},
      .reason = "what a runtime lets an addon do at such a moment differs between versions",
      .no_js = true};
  char refused[128] = "";
  if (env->refused_status != 0)
    snprintf(refused, sizeof refused, "; %s had failed there with status %u (%s)",
             nck_function_name(event.function), env->refused_status,
             env->refused_status == napi_cannot_run_js       ? "napi_cannot_run_js"
             : env->refused_status == napi_pending_exception ? "napi_pending_exception, without one"
                                                             : "see napi_status");
  nck_finding_raise(&event,
                    "the process was aborted in %s of the addon while env %u was being torn down, "
                    "where calls into JavaScript are refused%s",
                    callbacks[frame->kind], env->index, refused);
}

// napi_get_undefined and friends return slots of the runtime's own root table: they need no handle
// scope and outlive all scopes.
static void learn_constants(struct nck_env *state) {
  if (nck_real.napi_get_undefined == NULL || nck_real.napi_get_null == NULL ||
      nck_real.napi_get_boolean == NULL)
    return;
  nck_real.napi_get_undefined(state->env, &state->constants[0]);
  nck_real.napi_get_null(state->env, &state->constants[1]);
  nck_real.napi_get_boolean(state->env, false, &state->constants[2]);
  nck_real.napi_get_boolean(state->env, true, &state->constants[3]);
}

static bool env_is_taggable(struct nck_env *state) {
  if (!(nck_options.checks & NCK_CHECK_handles))
    return false;
  if (nck_runtime_values_are_boxed()) {
    state->row->flags |= NCK_ENV_UNTAGGED_RUNTIME;
    return false;
  }
  if (state->module != 0 && nck_recorder.modules[state->module].flags & NCK_MODULE_V8) {
    state->row->flags |= NCK_ENV_UNTAGGED_V8;
    return false;
  }
  return true;
}

struct nck_env *nck_env_birth(napi_env env, uint32_t module, const void *pc) {
  struct nck_thread_state *thread = nck_thread_current();
  struct nck_env *state = nck_own_alloc(sizeof *state);
  uint32_t index = nck_recorder_append(NCK_TABLE_ENV, 1);
  if (thread == NULL || state == NULL || index == 0)
    return NULL;
  memset(state, 0, sizeof *state);
  state->env = env;
  state->index = index;
  state->row = &nck_recorder.envs[index];
  state->module = module;
  state->thread = thread;
  state->state = NCK_ENV_ALIVE;
  state->napi_version = (uint32_t)expected_version;
  state->watched = module == 0 || !(nck_recorder.modules[module].flags & NCK_MODULE_UNWATCHED);
  state->row->env = (uint64_t)(uintptr_t)env;
  state->row->thread = thread->row;
  state->row->module = module;
  state->row->napi_version = (uint32_t)expected_version;
  state->row->created_ms = nck_recorder_ms();
  state->row->state = NCK_ENV_ALIVE;
  if (module != 0) {
    nck_module_mark_addon(module);
    // Workers that load the same addon at the same time.
    __atomic_store_n(&nck_recorder.modules[module].napi_version, (uint32_t)expected_version,
                     __ATOMIC_RELAXED);
  }
  expected_version = 0;
  nck_runtime_learn(env);
  state->tagged = env_is_taggable(state);
  if (state->tagged) {
    state->row->flags |= NCK_ENV_TAGGED;
    learn_constants(state);
  }
  if (!nck_scopes_begin(state))
    return NULL;
  if (state->watched && pc != NULL)
    state->row->birth_stack = nck_stack_capture(pc, nck_frame_limit());

  pthread_mutex_lock(&env_lock);
  struct nck_env *former = nck_env_find(env);
  if (thread->envs != NULL || n_threads > 1)
    for (int i = 0; i < ENV_BUCKETS && !nck_many_threads; i++)
      for (struct nck_env *other = env_buckets[i]; other != NULL; other = other->next_in_bucket)
        if (other->thread != thread)
          __atomic_store_n(&nck_many_threads, true, __ATOMIC_RELEASE);
  state->next_on_thread = thread->envs;
  thread->envs = state;
  state->next_in_bucket = *env_bucket(env);
  __atomic_store_n(env_bucket(env), state, __ATOMIC_RELEASE);
  pthread_mutex_unlock(&env_lock);
  if (former != NULL)
    env_end(former, "another env appeared at its address");
  // Bun exports the names of libuv's functions and panics when they are called.
  if (state->watched && nck_runtime_has_uv() && nck_real.napi_get_uv_event_loop != NULL) {
    struct uv_loop_s *loop = NULL;
    *(void **)&nck_uv_now = dlsym(RTLD_DEFAULT, "uv_now");
    *(void **)&uv_metrics_info = dlsym(RTLD_DEFAULT, "uv_metrics_info");
    if (nck_uv_now != NULL && nck_real.napi_get_uv_event_loop(env, &loop) == napi_ok)
      state->loop = loop;
  }
  nck_collections_watch(state);
  if (state->watched && nck_real.napi_add_env_cleanup_hook != NULL)
    nck_real.napi_add_env_cleanup_hook(env, env_cleanup, state);
  return state;
}

// A stand-in for calls on another thread than the env's own: it converts tokens and values, so that
// the runtime gets what it would have got, and tracks nothing.
static struct nck_env *foreign_state(const struct nck_env *owner) {
  static __thread struct nck_env *foreign __attribute__((tls_model("initial-exec")));
  static struct nck_env_row dummy_row;
  static struct nck_scope dummy_scopes[2];
  if (foreign == NULL) {
    foreign = nck_own_alloc(sizeof *foreign);
    if (foreign == NULL)
      return NULL;
  }
  memset(foreign, 0, sizeof *foreign);
  foreign->env = owner->env;
  foreign->row = &dummy_row;
  foreign->index = owner->index;
  foreign->module = owner->module;
  foreign->thread = owner->thread;
  foreign->tagged = owner->tagged;
  foreign->watched = true;
  foreign->foreign = true;
  foreign->state = owner->state;
  foreign->scopes = dummy_scopes;
  foreign->top = foreign->last = &dummy_scopes[1];
  foreign->napi_version = owner->napi_version;
  dummy_scopes[1].n_handles = 0;
  return foreign;
}

static void report_wrong_thread(struct nck_env *state, enum nck_function_id function,
                                const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_WRONG_THREAD_CALL))
    return;
  char own[64], here[64];
  struct nck_thread_state *thread = nck_thread_current();
  nck_thread_name(state->thread->row, own, sizeof own);
  nck_thread_name(thread != NULL ? thread->row : 0, here, sizeof here);
  bool reads = nck_function_classes[function] == NCK_CLASS_READ_THREAD;
  struct nck_event event = {
      .kind = NCK_FINDING_WRONG_THREAD_CALL,
      .severity = reads ? NCK_SEVERITY_WARNING : NCK_SEVERITY_ERROR,
      .function = function,
      .env = state->index,
      .module = state->module,
      .roles = {NCK_ROLE_USED, NCK_ROLE_BIRTH},
      .stacks = {nck_finding_stack(pc), state->row->birth_stack},
      .reason = reads ? "this function only reads, which works on today's runtimes" : NULL,
      .no_js = true,
  };
  if (nck_tls.frame != NULL && nck_tls.frame->kind == NCK_FRAME_EXECUTE &&
      nck_tls.frame->queued_stack != 0) {
    event.roles[2] = NCK_ROLE_QUEUED;
    event.stacks[2] = nck_tls.frame->queued_stack;
  }
  nck_finding_raise(&event, "%s was called on %s with env %u, which belongs to %s%s",
                    nck_function_name(function), here, state->index, own,
                    nck_tls.frame != NULL && nck_tls.frame->kind == NCK_FRAME_EXECUTE
                        ? "; the execute callback of an async work runs on a thread of the pool "
                          "and must not use the env"
                        : "");
}

static void report_after_teardown(struct nck_env *state, enum nck_function_id function,
                                  const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_ENV_USE_AFTER_TEARDOWN))
    return;
  struct nck_event event = {.kind = NCK_FINDING_ENV_USE_AFTER_TEARDOWN,
                            .function = function,
                            .env = state->index,
                            .module = state->module,
                            .roles = {NCK_ROLE_USED, NCK_ROLE_BIRTH},
                            .stacks = {nck_finding_stack(pc), state->row->birth_stack},
                            .no_js = true};
  nck_finding_raise(
      &event,
      "%s was called with env %u, which had ended %u ms before (%s); the call was not forwarded",
      nck_function_name(function), state->index, nck_recorder_ms() - state->row->ended_ms,
      state->row->end_reason != 0 ? nck_recorder.strings + state->row->end_reason
                                  : "the process exits");
}

// The main thread's env never ends, as its thread does not: but the runtime leaves only when it has
// freed it, and what calls after that (a static object's destructor) finds nothing. Deleting
// references is something that Node allows even then.
static bool is_over(const struct nck_env *state) {
  return state->torn_down && state->state == NCK_ENV_CLEANING && nck_tls.frame == NULL &&
         nck_ending_is_over();
}

static __attribute__((noinline)) struct nck_env *
enter_other(napi_env env, enum nck_function_id function, const void *pc) {
  if (!nck_active || env == NULL)
    return NULL;
  if (NCK_UNLIKELY(nck_recorder.header == NULL)) {
    nck_loader_start(); // an addon that came some other way than the runtime's dlsym
    if (nck_recorder.header == NULL)
      return NULL;
  }
  nck_tls.refused_by_throw = false;
  int saved = errno;
  struct nck_env *state = nck_env_find(env);
  if (state == NULL) {
    state = nck_env_birth(env, nck_module_find((uintptr_t)pc), pc);
    // Born outside any frame of ours: an initialiser that we could not see runs around us, so
    // nothing is "outside" yet.
    if (state != NULL)
      state->scopes[0].limit_said = true;
  }
  struct nck_env *result = NULL;
  if (state == NULL || !state->watched) {
    result = NULL;
  } else if (NCK_UNLIKELY(is_over(state)) && function != NCK_FN_napi_delete_reference) {
    report_after_teardown(state, function, pc);
    result = NCK_REFUSED;
  } else if (__atomic_load_n(&state->state, __ATOMIC_ACQUIRE) == NCK_ENV_ENDED) {
    report_after_teardown(state, function, pc);
    result = NCK_REFUSED;
  } else if (state->thread == nck_thread_current()) {
    nck_env_select(state);
    state->row->n_calls++;
    result = state;
  } else {
    if (nck_function_classes[function] != NCK_CLASS_ANY_THREAD)
      report_wrong_thread(state, function, pc);
    result = foreign_state(state);
  }
  errno = saved;
  return result;
}

struct nck_env *nck_env_enter_slow(napi_env env, enum nck_function_id function, const void *pc) {
  struct nck_env *state = nck_tls.state;
  if (NCK_UNLIKELY(state == NULL || state->env != env || state->state != NCK_ENV_ALIVE))
    return enter_other(env, function, pc);
  nck_env_select(state);
  state->row->n_calls++;
  return state;
}
