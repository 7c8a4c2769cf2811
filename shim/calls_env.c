// calls_env.c: what belongs to the env itself: cleanup hooks, instance data, external memory,
// registration, exceptions, fatal errors.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ending.h"
#include "finalizer.h"
#include "finding.h"
#include "forks.h"
#include "frame.h"
#include "hash.h"
#include "held.h"
#include "hook.h"
#include "loader.h"
#include "object.h"
#include "options.h"
#include "recorder.h"
#include "runtime.h"
#include "stack.h"

// A cleanup hook that an addon added. `count` is 2 and more while the addon has added it again (the
// runtime aborts on that).
struct hook_key {
  napi_cleanup_hook fun;
  void *arg;
};
struct nck_hook {
  struct hook_key key;
  struct nck_env *state;
  uint32_t stack, site;
  UT_hash_handle hh;
};

struct nck_async_hook {
  struct nck_async_hook *previous, *next; // see async_hooks
  struct nck_env *state;
  napi_async_cleanup_hook hook;
  void *user_arg;
  void *token; // hidden; NULL: none yet
  uint32_t stack;
  bool running, removed, linked;
};

// Pointers whose owner is gone: instance data, and arguments of hooks, from the moment their
// finalizer or hook has run until the addon hands the same address over anew.
struct nck_owner {
  const void *pointer;
  const void *user_cb;
  bool is_hook; // the pointer is a hook's argument, else instance data
  UT_hash_handle hh;
};

void nck_owner_gone(struct nck_env *state, const void *pointer, const void *user_cb, bool is_hook) {
  // A small number in the place of a pointer (napi-rs counts its hooks by it) points at nothing.
  enum { FIRST_POINTER = 65536 };
  if ((uintptr_t)pointer < FIRST_POINTER)
    return;
  struct nck_owner *owner;
  HASH_FIND(hh, state->owners_gone, &pointer, sizeof pointer, owner);
  if (owner == NULL) {
    owner = nck_own_alloc(sizeof *owner);
    if (owner == NULL)
      return;
    memset(owner, 0, sizeof *owner);
    owner->pointer = pointer;
    HASH_ADD(hh, state->owners_gone, pointer, sizeof owner->pointer, owner);
  }
  owner->user_cb = user_cb;
  owner->is_hook = is_hook;
}

void nck_owner_renewed(struct nck_env *state, const void *pointer) {
  if (NCK_LIKELY(state->owners_gone == NULL) || state->foreign)
    return;
  struct nck_owner *owner;
  HASH_FIND(hh, state->owners_gone, &pointer, sizeof pointer, owner);
  if (owner == NULL)
    return;
  HASH_DELETE(hh, state->owners_gone, owner);
  nck_own_free(owner, sizeof *owner);
}

void nck_owner_check(struct nck_env *state, const void *pointer, const void *user_cb,
                     bool is_hint) {
  if (NCK_LIKELY(state->owners_gone == NULL) || pointer == NULL ||
      !nck_finding_wanted(NCK_FINDING_FINALIZER_AFTER_OWNER))
    return;
  struct nck_owner *owner;
  HASH_FIND(hh, state->owners_gone, &pointer, sizeof pointer, owner);
  if (owner == NULL)
    return;
  // An object may well close in a hook what its finalizer frees: classic-level, leveldown and
  // photostructure-sqlite do. What a hint points to belongs to somebody else.
  bool own = owner->is_hook && !is_hint;
  struct nck_event event = {
      .kind = NCK_FINDING_FINALIZER_AFTER_OWNER,
      .severity = own ? NCK_SEVERITY_NOTE : NCK_SEVERITY_WARNING,
      .state = state,
      .roles = {NCK_ROLE_CALLBACK, NCK_ROLE_OWNER},
      .stacks = {nck_stack_single(user_cb, true), nck_stack_single(owner->user_cb, true)},
      .reason =
          own ? "an addon that closes in the hook what its finalizer frees does right; whether "
                "the hook freed it is not known"
              : "the address was handed over by the addon itself; whether it was freed is not "
                "known",
      .no_js = true};
  nck_finding_raise(&event, "a finalizer got %p as its %s, which was %s before", pointer,
                    is_hint ? "hint" : "data",
                    owner->is_hook ? "the argument of a cleanup hook that had run"
                                   : "the instance data, whose finalizer had run");
}

static __thread const struct nck_hook *running_hook __attribute__((tls_model("initial-exec")));

static void hook_trampoline(void *arg) {
  struct nck_hook *hook = arg, copy = *hook;
  struct nck_env *state = copy.state;
  if (NCK_UNLIKELY(state == NULL)) // it has run before, or was removed
    return;
  nck_env_teardown_begins(state);
  HASH_DELETE(hh, state->hooks, hook);
  nck_held_free(hook, sizeof *hook);
  nck_counter_released(&state->row->counters[NCK_KIND_CLEANUP_HOOK]);
  if (copy.site != 0)
    nck_site_released(copy.site, true);
  nck_finalizer_log(state, NCK_FINALIZER_HOOK, (const void *)(uintptr_t)copy.key.fun, copy.key.arg,
                    copy.stack);
  {
    NCK_FRAME(frame);
    nck_frame_enter(&frame, state, NCK_FRAME_HOOK, (const void *)(uintptr_t)copy.key.fun);
    running_hook = &copy;
    copy.key.fun(copy.key.arg);
    running_hook = NULL;
  }
  nck_owner_gone(state, copy.key.arg, (const void *)(uintptr_t)copy.key.fun, true);
}

static bool hook_runs(napi_cleanup_hook fun, const void *arg) {
  return running_hook != NULL && running_hook->key.fun == fun && running_hook->key.arg == arg;
}

static bool hook_has_run(struct nck_env *state, napi_cleanup_hook fun, const void *arg) {
  struct nck_owner *owner;
  HASH_FIND(hh, state->owners_gone, &arg, sizeof arg, owner);
  return owner != NULL && owner->user_cb == (const void *)(uintptr_t)fun;
}

static struct nck_hook *hook_find(struct nck_env *state, napi_cleanup_hook fun, void *arg) {
  struct hook_key key;
  struct nck_hook *hook;
  memset(&key, 0, sizeof key);
  key.fun = fun;
  key.arg = arg;
  HASH_FIND(hh, state->hooks, &key, sizeof key, hook);
  return hook;
}

napi_status napi_add_env_cleanup_hook(napi_env env, napi_cleanup_hook fun, void *arg) {
  const enum nck_function_id id = NCK_FN_napi_add_env_cleanup_hook;
  NCK_ENTER(napi_add_env_cleanup_hook);
  if (state == NULL || state->foreign || fun == NULL)
    return nck_real.napi_add_env_cleanup_hook(env, fun, arg);
  uint32_t stack = nck_finding_stack(pc);
  struct nck_hook *hook = hook_find(state, fun, arg);
  if (hook != NULL) {
    if (nck_finding_wanted(NCK_FINDING_CLEANUP_HOOK_DUPLICATE)) {
      struct nck_event event = {.kind = NCK_FINDING_CLEANUP_HOOK_DUPLICATE,
                                .function = id,
                                .state = state,
                                .object_kind = NCK_KIND_CLEANUP_HOOK,
                                .roles = {NCK_ROLE_USED, NCK_ROLE_FIRST},
                                .stacks = {stack, hook->stack}};
      nck_finding_raise(&event,
                        "the cleanup hook %p was added a second time with the same argument %p: "
                        "the runtime stops the process on that",
                        (void *)(uintptr_t)fun, arg);
      if (nck_tls.refused_by_throw)
        return nck_frame_answer(napi_pending_exception);
    }
    return nck_real.napi_add_env_cleanup_hook(env, hook_trampoline, hook);
  }
  hook = nck_recorder_is_blind() ? NULL : nck_held_alloc(sizeof *hook);
  if (hook == NULL)
    return nck_real.napi_add_env_cleanup_hook(env, fun, arg);
  memset(hook, 0, sizeof *hook);
  hook->key.fun = fun;
  hook->key.arg = arg;
  hook->state = state;
  hook->stack = stack;
  napi_status status = nck_real.napi_add_env_cleanup_hook(env, hook_trampoline, hook);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_held_free(hook, sizeof *hook);
    nck_call_failed(state, id, status, pc);
    return status;
  }
  HASH_ADD(hh, state->hooks, key, sizeof hook->key, hook);
  hook->site = nck_site_find(state, NCK_KIND_CLEANUP_HOOK, id, stack);
  if (hook->site != 0)
    nck_site_created(state, hook->site);
  nck_counter_created(&state->row->counters[NCK_KIND_CLEANUP_HOOK]);
  nck_owner_renewed(state, arg);
  return status;
}

napi_status napi_remove_env_cleanup_hook(napi_env env, napi_cleanup_hook fun, void *arg) {
  const enum nck_function_id id = NCK_FN_napi_remove_env_cleanup_hook;
  NCK_ENTER(napi_remove_env_cleanup_hook);
  if (state == NULL || state->foreign || fun == NULL)
    return nck_real.napi_remove_env_cleanup_hook(env, fun, arg);
  struct nck_hook *hook = hook_find(state, fun, arg);
  if (hook == NULL) {
    if (nck_finding_wanted(NCK_FINDING_CLEANUP_HOOK_UNKNOWN)) {
      // It was there, as the documentation asks: a finalizer that takes its object's hook back
      // need not know whether the env is ending.
      bool runs = hook_runs(fun, arg), has_run = runs || hook_has_run(state, fun, arg);
      struct nck_event event = {
          .kind = NCK_FINDING_CLEANUP_HOOK_UNKNOWN,
          .severity = has_run ? NCK_SEVERITY_NOTE : NCK_SEVERITY_WARNING,
          .function = id,
          .state = state,
          .object_kind = NCK_KIND_CLEANUP_HOOK,
          .roles = {NCK_ROLE_USED},
          .stacks = {nck_finding_stack(pc)},
          .reason = has_run
                        ? "a hook that has run need not be removed, and may be; versions of Bun "
                          "before 1.4 stop the process on it"
                        : "Node ignores it; Deno, and versions of Bun before 1.4, stop the "
                          "process"};
      nck_finding_raise(&event, "the cleanup hook %p with the argument %p was removed, but it %s",
                        (void *)(uintptr_t)fun, arg,
                        runs      ? "runs now"
                        : has_run ? "has run"
                                  : "is not there");
    }
    return nck_real.napi_remove_env_cleanup_hook(env, fun, arg);
  }
  napi_status status = nck_real.napi_remove_env_cleanup_hook(env, hook_trampoline, hook);
  if (status == napi_ok) {
    HASH_DELETE(hh, state->hooks, hook);
    if (hook->site != 0)
      nck_site_released(hook->site, state->state != NCK_ENV_ALIVE);
    nck_held_free(hook, sizeof *hook);
    nck_counter_released(&state->row->counters[NCK_KIND_CLEANUP_HOOK]);
  }
  return status;
}

// Those that were added and neither ran nor were removed. Removed on any thread.
static pthread_mutex_t async_hook_lock = PTHREAD_MUTEX_INITIALIZER; // nests in nothing
NCK_FORKS_HOLD(async_hook_lock)
static struct nck_async_hook *async_hooks;

// Whether it is there already; *stack: where it was added.
static bool async_hook_find(const struct nck_env *state, napi_async_cleanup_hook hook,
                            const void *arg, uint32_t *stack) {
  pthread_mutex_lock(&async_hook_lock);
  const struct nck_async_hook *found = async_hooks;
  while (found != NULL && (found->state != state || found->hook != hook || found->user_arg != arg))
    found = found->next;
  if (found != NULL)
    *stack = found->stack;
  pthread_mutex_unlock(&async_hook_lock);
  return found != NULL;
}

static void async_hook_link(struct nck_async_hook *record) {
  pthread_mutex_lock(&async_hook_lock);
  record->next = async_hooks;
  if (record->next != NULL)
    record->next->previous = record;
  async_hooks = record;
  record->linked = true;
  pthread_mutex_unlock(&async_hook_lock);
}

static void async_hook_unlink(struct nck_async_hook *record) {
  pthread_mutex_lock(&async_hook_lock);
  if (record->linked) {
    if (record->previous != NULL)
      record->previous->next = record->next;
    else
      async_hooks = record->next;
    if (record->next != NULL)
      record->next->previous = record->previous;
  }
  record->linked = false;
  pthread_mutex_unlock(&async_hook_lock);
}

static void async_hook_trampoline(napi_async_cleanup_hook_handle handle, void *arg) {
  struct nck_async_hook *record = arg;
  struct nck_env *state = record->state;
  if (NCK_UNLIKELY(state == NULL)) // it was removed
    return;
  nck_env_teardown_begins(state);
  async_hook_unlink(record);
  nck_finalizer_log(state, NCK_FINALIZER_ASYNC_HOOK, (const void *)(uintptr_t)record->hook,
                    record->user_arg, record->stack);
  record->running = true;
  // The runtime hands the handle over here where the addon did not ask for it before.
  struct nck_object *object;
  if (record->token == NULL)
    record->token =
        NCK_HIDDEN(nck_object_new_at(state, NCK_KIND_CLEANUP_HOOK, handle, 1,
                                     NCK_FN_napi_add_async_cleanup_hook, record->stack, 0));
  if (nck_object_decode(NCK_HIDDEN(record->token), NCK_KIND_CLEANUP_HOOK, &object) ==
      NCK_WORD_LIVE) {
    object->data = (uint64_t)(uintptr_t)record;
    object->flags |= NCK_OBJECT_QUEUED; // it ran: from here on its removal is owed
  }
  {
    NCK_FRAME(frame);
    nck_frame_enter(&frame, state, NCK_FRAME_HOOK, (const void *)(uintptr_t)record->hook);
    record->hook(NCK_HIDDEN(record->token), record->user_arg);
  }
  record->running = false;
  if (record->removed)
    nck_held_free(record, sizeof *record);
}

napi_status napi_add_async_cleanup_hook(napi_env env, napi_async_cleanup_hook hook, void *arg,
                                        napi_async_cleanup_hook_handle *remove_handle) {
  const enum nck_function_id id = NCK_FN_napi_add_async_cleanup_hook;
  NCK_ENTER(napi_add_async_cleanup_hook);
  struct nck_async_hook *record =
      state != NULL && !state->foreign && hook != NULL && !nck_recorder_is_blind()
          ? nck_held_alloc(sizeof *record)
          : NULL;
  if (record == NULL)
    return nck_real.napi_add_async_cleanup_hook(env, hook, arg, remove_handle);
  memset(record, 0, sizeof *record);
  record->state = state;
  record->hook = hook;
  record->user_arg = arg;
  record->stack = nck_finding_stack(pc);
  uint32_t first;
  if (async_hook_find(state, hook, arg, &first) &&
      nck_finding_wanted(NCK_FINDING_CLEANUP_HOOK_DUPLICATE)) {
    bool is_fatal = strcmp(nck_runtime_name(), "bun") == 0;
    struct nck_event event = {.kind = NCK_FINDING_CLEANUP_HOOK_DUPLICATE,
                              .severity = is_fatal ? 0 : NCK_SEVERITY_WARNING,
                              .function = id,
                              .state = state,
                              .object_kind = NCK_KIND_CLEANUP_HOOK,
                              .roles = {NCK_ROLE_USED, NCK_ROLE_FIRST},
                              .stacks = {record->stack, first},
                              .reason = is_fatal ? NULL : "Node runs both, Bun stops the process"};
    nck_finding_raise(&event,
                      "the asynchronous cleanup hook %p was added a second time with the same "
                      "argument %p",
                      (void *)(uintptr_t)hook, arg);
  }
  napi_status status =
      nck_real.napi_add_async_cleanup_hook(env, async_hook_trampoline, record, remove_handle);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_held_free(record, sizeof *record);
    nck_call_failed(state, id, status, pc);
    return status;
  }
  async_hook_link(record);
  if (remove_handle != NULL && *remove_handle != NULL) {
    *remove_handle = nck_object_new(state, NCK_KIND_CLEANUP_HOOK, *remove_handle, 1, id, pc, 0);
    record->token = NCK_HIDDEN(*remove_handle);
    struct nck_object *object;
    if (nck_object_decode(*remove_handle, NCK_KIND_CLEANUP_HOOK, &object) == NCK_WORD_LIVE)
      object->data = (uint64_t)(uintptr_t)record;
  }
  return status;
}

napi_status napi_remove_async_cleanup_hook(napi_async_cleanup_hook_handle remove_handle) {
  const void *pc = NCK_PC;
  if (!nck_active || nck_recorder.header == NULL)
    return nck_real.napi_remove_async_cleanup_hook(remove_handle);
  struct nck_object *object;
  enum nck_word word = nck_object_decode(remove_handle, NCK_KIND_CLEANUP_HOOK, &object);
  if (word == NCK_WORD_DEAD || word == NCK_WORD_OTHER) {
    if (nck_finding_wanted(NCK_FINDING_CLEANUP_HOOK_UNKNOWN)) {
      struct nck_event event = {.kind = NCK_FINDING_CLEANUP_HOOK_UNKNOWN,
                                .function = NCK_FN_napi_remove_async_cleanup_hook,
                                .env = object != NULL ? object->env : 0,
                                .roles = {NCK_ROLE_USED},
                                .stacks = {nck_finding_stack(pc)},
                                .no_js = true};
      nck_finding_raise(
          &event,
          "the handle %p of an async cleanup hook was removed before; the call was not forwarded",
          (void *)remove_handle);
    }
    return napi_invalid_arg;
  }
  if (word != NCK_WORD_LIVE)
    return nck_real.napi_remove_async_cleanup_hook(remove_handle);
  struct nck_async_hook *record = (struct nck_async_hook *)(uintptr_t)object->data;
  struct nck_env *state = record->state;
  napi_async_cleanup_hook_handle real = (napi_async_cleanup_hook_handle)(uintptr_t)object->real;
  nck_object_drop(state->thread == nck_tls.thread ? state : NULL, object, nck_finding_stack(pc),
                  NCK_FATE_DELETED);
  napi_status status = nck_real.napi_remove_async_cleanup_hook(real);
  async_hook_unlink(record);
  // Removed within the hook itself: its trampoline is still at work with the record.
  if (!record->running)
    nck_held_free(record, sizeof *record);
  else
    record->removed = true;
  return status;
}

// What the calls of napi_adjust_external_memory add up to, each for itself; beyond so many calls
// the rest is one.
enum { MOST_ANNOUNCED = 32 };
struct nck_announced {
  uint32_t n;
  struct {
    uint32_t stack; // 0: the rest
    int64_t bytes;
  } calls[MOST_ANNOUNCED];
};

static void note_announced(struct nck_env *state, uint32_t stack, int64_t bytes) {
  struct nck_announced *all = state->announced;
  if (all == NULL && (all = state->announced = nck_own_alloc(sizeof *all)) == NULL)
    return;
  uint32_t at = 0;
  while (at < all->n && all->calls[at].stack != stack)
    at++;
  if (at == MOST_ANNOUNCED)
    at--;
  if (at == all->n) {
    all->n++;
    all->calls[at].stack = at == MOST_ANNOUNCED - 1 ? 0 : stack;
  }
  all->calls[at].bytes += bytes;
}

// The call that announced most of what was not taken back, once; false when there is none left.
static bool take_most_announced(struct nck_announced *all, uint32_t *stack, int64_t *bytes) {
  uint32_t most = MOST_ANNOUNCED;
  for (uint32_t i = 0; all != NULL && i < all->n; i++)
    if (all->calls[i].stack != 0 && all->calls[i].bytes != 0 &&
        (most == MOST_ANNOUNCED || llabs(all->calls[i].bytes) > llabs(all->calls[most].bytes)))
      most = i;
  if (most == MOST_ANNOUNCED)
    return false;
  *stack = all->calls[most].stack;
  *bytes = all->calls[most].bytes;
  all->calls[most].bytes = 0;
  return true;
}

static void report_drift(struct nck_env *state) {
  char by_call[NCK_FINDING_STACKS * 32] = "";
  struct nck_event event = {.kind = NCK_FINDING_EXTERNAL_MEMORY_DRIFT,
                            .function = NCK_FN_napi_adjust_external_memory,
                            .state = state,
                            .module = state->module,
                            .roles = {NCK_ROLE_BIRTH},
                            .stacks = {state->row->birth_stack},
                            .no_js = true};
  size_t used = 0;
  uint32_t n = 0;
  int64_t bytes;
  while (n < NCK_FINDING_STACKS &&
         take_most_announced(state->announced, &event.stacks[n], &bytes)) {
    event.roles[n++] = NCK_ROLE_USED;
    used += (size_t)snprintf(by_call + used, sizeof by_call - used, "%s%+lld", n > 1 ? ", " : "",
                             (long long)bytes);
  }
  nck_finding_raise(&event,
                    "env %u ended with %lld bytes announced by napi_adjust_external_memory and not "
                    "taken back%s%s",
                    state->index, (long long)state->row->external_bytes,
                    n > 0 ? "; by the calls that are shown: " : "", by_call);
}

void nck_hook_env_ended(struct nck_env *state, bool in_order) {
  // Where finalizers do not run at the end, what they would have taken back is no drift.
  if (in_order && state->row->external_bytes != 0 &&
      (nck_runtime_has_uv() || state->finalizers == NULL) &&
      nck_finding_wanted(NCK_FINDING_EXTERNAL_MEMORY_DRIFT))
    report_drift(state);
  if (state->announced != NULL)
    nck_own_free(state->announced, sizeof *state->announced);
  state->announced = NULL;
}

napi_status napi_set_instance_data(napi_env env, void *data, napi_finalize finalize_cb,
                                   void *finalize_hint) {
  const enum nck_function_id id = NCK_FN_napi_set_instance_data;
  NCK_ENTER(napi_set_instance_data);
  if (state == NULL || state->foreign)
    return nck_real.napi_set_instance_data(env, data, finalize_cb, finalize_hint);
  if (state->instance_finalizer != NULL && nck_finding_wanted(NCK_FINDING_INSTANCE_DATA_REPLACED)) {
    struct nck_event event = {.kind = NCK_FINDING_INSTANCE_DATA_REPLACED,
                              .function = id,
                              .state = state,
                              .object_kind = NCK_KIND_INSTANCE_DATA,
                              .roles = {NCK_ROLE_USED, NCK_ROLE_FIRST},
                              .stacks = {nck_finding_stack(pc), state->instance_finalizer->stack}};
    nck_finding_raise(&event, "napi_set_instance_data replaced %p, whose finalizer will never run",
                      state->instance_finalizer->user_data);
  }
  struct nck_finalizer *finalizer =
      nck_finalizer_new(state, NCK_FINALIZER_INSTANCE_DATA, finalize_cb, data, finalize_hint, pc);
  napi_status status = nck_real.napi_set_instance_data(
      env, data, finalizer != NULL ? nck_finalizer_run : finalize_cb,
      finalizer != NULL ? nck_finalizer_hint(finalizer) : finalize_hint);
  finalizer = nck_finalizer_settle(finalizer, status);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, id, status, pc);
    return status;
  }
  if (state->instance_finalizer != NULL)
    state->instance_finalizer->retired = true;
  state->instance_finalizer = finalizer;
  nck_owner_renewed(state, data);
  return status;
}

napi_status napi_adjust_external_memory(napi_env env, int64_t change_in_bytes,
                                        int64_t *adjusted_value) {
  const enum nck_function_id id = NCK_FN_napi_adjust_external_memory;
  NCK_ENTER(napi_adjust_external_memory);
  napi_status status = nck_real.napi_adjust_external_memory(env, change_in_bytes, adjusted_value);
  if (state == NULL)
    return status;
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, id, status, pc);
    return status;
  }
  state->row->external_bytes += change_in_bytes;
  if (!state->foreign)
    note_announced(state, nck_finding_stack(pc), change_in_bytes);
  return status;
}

void napi_module_register(napi_module *mod) {
  nck_real.napi_module_register(nck_loader_register(mod, NCK_PC));
}

void napi_fatal_error(const char *location, size_t location_len, const char *message,
                      size_t message_len) {
  nck_env_note_fatal(NCK_PC);
  nck_real.napi_fatal_error(location, location_len, message, message_len);
  __builtin_unreachable();
}

// After a throw that worked an exception is pending, and calls that are refused because of it are
// the addon's going on.
static napi_status thrown(struct nck_env *state, napi_status status, enum nck_function_id function,
                          const void *pc) {
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, function, status, pc);
  } else if (!state->foreign) {
    state->pending = true;
    nck_tls.exception_left = true;
    nck_tls.env = NCK_NO_ENV;
    state->pending_by = nck_function_name(function);
    state->pending_stack = nck_stack_single(pc, false);
  }
  return status;
}

napi_status napi_throw(napi_env env, napi_value error) {
  const enum nck_function_id id = NCK_FN_napi_throw;
  NCK_ENTER(napi_throw);
  if (state == NULL)
    return nck_real.napi_throw(env, error);
  error = nck_value_in(state, error, id, pc);
  NCK_BEFORE_REAL(state, id, pc);
  return thrown(state, nck_real.napi_throw(env, error), id, pc);
}

#define THROW_TEXT(name)                                                                           \
  napi_status name(napi_env env, const char *code, const char *msg) {                              \
    const enum nck_function_id id = NCK_FN_##name;                                                 \
    NCK_ENTER(name);                                                                               \
    if (state == NULL)                                                                             \
      return nck_real.name(env, code, msg);                                                        \
    NCK_BEFORE_REAL(state, id, pc);                                                                \
    return thrown(state, nck_real.name(env, code, msg), id, pc);                                   \
  }
THROW_TEXT(napi_throw_error)
THROW_TEXT(napi_throw_type_error)
THROW_TEXT(napi_throw_range_error)
THROW_TEXT(node_api_throw_syntax_error)

napi_status napi_get_and_clear_last_exception(napi_env env, napi_value *result) {
  const enum nck_function_id id = NCK_FN_napi_get_and_clear_last_exception;
  NCK_ENTER(napi_get_and_clear_last_exception);
  if (state == NULL)
    return nck_real.napi_get_and_clear_last_exception(env, result);
  NCK_BEFORE_REAL(state, id, pc);
  napi_status status = nck_real.napi_get_and_clear_last_exception(env, result);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, id, status, pc);
    return status;
  }
  if (!state->foreign)
    state->pending = false;
  nck_value_out(state, result, id, pc);
  return status;
}
