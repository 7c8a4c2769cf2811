// calls_async.c: async work, promises, async contexts.
//
// Async work: created -> queued -> executing (a thread of the pool) -> completed -> deleted. Queued
// again after its completion it runs once more on Node, by luck. `busy` is true from queue to the
// entry of complete. A record deleted while busy is never freed: the pool still calls our
// trampoline with it.
//
// All of it is watched whatever `checks` says: the judgement of values needs our frame around each
// callback. The findings of a group that is off are left out where they would be raised, or by the
// reader.
#include <string.h>

#include "async.h"
#include "finding.h"
#include "frame.h"
#include "held.h"
#include "object.h"
#include "options.h"
#include "recorder.h"
#include "runtime.h"
#include "stack.h"

struct nck_work {
  struct nck_env *state;
  napi_async_execute_callback execute;
  napi_async_complete_callback complete;
  void *user_data;
  void *token; // hidden
  uint32_t queued_stack;
  bool busy; // written on the env's thread, read there
};

static void execute_trampoline(napi_env env, void *data) {
  struct nck_work *work = data;
  NCK_FRAME(frame);
  nck_frame_enter(&frame, NULL, NCK_FRAME_EXECUTE, (const void *)(uintptr_t)work->execute);
  frame.queued_stack = work->queued_stack;
  work->execute(env, work->user_data);
}

// Work in flight is completed at the very beginning of a teardown, before any hook runs. Then the
// runtime refuses whatever may run JavaScript, before it looks at the arguments.
static bool env_runs_javascript(struct nck_env *state) {
  if (state->thread->scanned || state->foreign)
    return true;
  napi_value ignored;
  napi_status status = nck_real.napi_set_property(state->env, NULL, NULL, NULL);
  nck_real.napi_get_undefined(state->env, &ignored); // puts the last error back to napi_ok
  return status != napi_cannot_run_js && status != napi_pending_exception;
}

static void complete_trampoline(napi_env env, napi_status status, void *data) {
  struct nck_work *work = data;
  napi_async_complete_callback complete = work->complete;
  void *user_data = work->user_data;
  struct nck_object *object;
  work->busy = false;
  if (nck_object_decode(NCK_HIDDEN(work->token), NCK_KIND_ASYNC_WORK, &object) == NCK_WORD_LIVE)
    object->flags &= (uint16_t)~NCK_OBJECT_QUEUED;
  if (complete == NULL)
    return;
  if (!env_runs_javascript(work->state))
    nck_env_teardown_begins(work->state);
  NCK_FRAME(frame);
  nck_frame_enter(&frame, work->state, NCK_FRAME_COMPLETE, (const void *)(uintptr_t)complete);
  complete(env, status, user_data); // usually deletes the work: it is not touched again
}

napi_status napi_create_async_work(napi_env env, napi_value async_resource,
                                   napi_value async_resource_name,
                                   napi_async_execute_callback execute,
                                   napi_async_complete_callback complete, void *data,
                                   napi_async_work *result) {
  const enum nck_function_id id = NCK_FN_napi_create_async_work;
  NCK_ENTER(napi_create_async_work);
  if (state == NULL)
    return nck_real.napi_create_async_work(env, async_resource, async_resource_name, execute,
                                           complete, data, result);
  async_resource = nck_value_in(state, async_resource, id, pc);
  async_resource_name = nck_value_in(state, async_resource_name, id, pc);
  NCK_BEFORE_REAL(state, id, pc);
  struct nck_work *work = execute != NULL && !state->foreign && !nck_recorder_is_blind()
                              ? nck_held_alloc(sizeof *work)
                              : NULL;
  if (work != NULL) {
    memset(work, 0, sizeof *work);
    work->state = state;
    work->execute = execute;
    work->complete = complete;
    work->user_data = data;
    execute = execute_trampoline;
    complete = complete_trampoline;
    data = work;
  }
  napi_status status = nck_real.napi_create_async_work(env, async_resource, async_resource_name,
                                                       execute, complete, data, result);
  if (NCK_UNLIKELY(status != napi_ok)) {
    if (work != NULL)
      nck_held_free(work, sizeof *work);
    nck_call_failed(state, id, status, pc);
    return status;
  }
  if (work != NULL) {
    *result = nck_object_new(state, NCK_KIND_ASYNC_WORK, *result, 1, id, pc, 0);
    work->token = NCK_HIDDEN(*result);
    struct nck_object *object;
    if (nck_object_decode(*result, NCK_KIND_ASYNC_WORK, &object) == NCK_WORD_LIVE)
      object->data = (uint64_t)(uintptr_t)work;
  }
  return status;
}

static void report_work_dead(struct nck_env *state, const struct nck_object *object,
                             const void *word, enum nck_function_id function, const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_ASYNC_WORK_USE_AFTER_DELETE))
    return;
  struct nck_event event = {.kind = NCK_FINDING_ASYNC_WORK_USE_AFTER_DELETE,
                            .function = function,
                            .state = state,
                            .object_kind = NCK_KIND_ASYNC_WORK,
                            .roles = {NCK_ROLE_USED},
                            .stacks = {nck_finding_stack(pc)}};
  if (object != NULL) {
    event.roles[1] = NCK_ROLE_DELETED;
    event.stacks[1] = object->end_stack;
    event.roles[2] = NCK_ROLE_CREATED;
    event.stacks[2] = nck_recorder.sites[object->site].stack;
  }
  nck_finding_raise(
      &event, "%s got the async work %p, which had been deleted before; the call was not forwarded",
      nck_function_name(function), word);
}

// What the runtime gets; *object where it is live work.
static napi_async_work work_in(struct nck_env *state, napi_async_work work,
                               enum nck_function_id function, const void *pc,
                               struct nck_object **object) {
  struct nck_object *found;
  enum nck_word word = nck_object_decode(work, NCK_KIND_ASYNC_WORK, &found);
  *object = NULL;
  if (word == NCK_WORD_LIVE) {
    *object = found;
    return (napi_async_work)(uintptr_t)found->real;
  }
  if (word == NCK_WORD_DEAD || word == NCK_WORD_OTHER) {
    report_work_dead(state, word == NCK_WORD_DEAD ? found : NULL, work, function, pc);
    return NULL;
  }
  return work;
}

napi_status napi_delete_async_work(napi_env env, napi_async_work work) {
  const enum nck_function_id id = NCK_FN_napi_delete_async_work;
  NCK_ENTER(napi_delete_async_work);
  if (state == NULL)
    return nck_real.napi_delete_async_work(env, work);
  struct nck_object *object;
  napi_async_work real = work_in(state, work, id, pc, &object);
  NCK_BEFORE_REAL(state, id, pc);
  if (object != NULL) {
    struct nck_work *record = (struct nck_work *)(uintptr_t)object->data;
    uint32_t stack = nck_finding_stack(pc);
    if (record != NULL && record->busy &&
        nck_finding_wanted(NCK_FINDING_ASYNC_WORK_DELETED_EARLY)) {
      struct nck_event event = {
          .kind = NCK_FINDING_ASYNC_WORK_DELETED_EARLY,
          .function = id,
          .state = state,
          .object_kind = NCK_KIND_ASYNC_WORK,
          .site = object->site,
          .roles = {NCK_ROLE_DELETED, NCK_ROLE_QUEUED, NCK_ROLE_CREATED},
          .stacks = {stack, record->queued_stack, nck_recorder.sites[object->site].stack}};
      nck_finding_raise(&event,
                        "the async work %p was deleted before its complete callback had been "
                        "called: the pool still uses its memory",
                        (void *)work);
      if (nck_tls.refused_by_throw)
        return nck_frame_answer(napi_pending_exception);
    }
    nck_object_drop(state, object, stack, NCK_FATE_DELETED);
    if (record != NULL && !record->busy && !state->foreign)
      nck_held_free(record, sizeof *record);
  }
  napi_status status = nck_real.napi_delete_async_work(env, real);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  return status;
}

static void report_queued_twice(struct nck_env *state, const struct nck_object *object,
                                const struct nck_work *work, const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_ASYNC_WORK_QUEUED_TWICE))
    return;
  struct nck_event event = {
      .kind = NCK_FINDING_ASYNC_WORK_QUEUED_TWICE,
      .severity = work->busy ? 0 : NCK_SEVERITY_WARNING,
      .function = NCK_FN_napi_queue_async_work,
      .state = state,
      .object_kind = NCK_KIND_ASYNC_WORK,
      .site = object->site,
      .roles = {NCK_ROLE_USED, NCK_ROLE_FIRST, NCK_ROLE_CREATED},
      .stacks = {nck_finding_stack(pc), work->queued_stack, nck_recorder.sites[object->site].stack},
      .reason = work->busy ? NULL
                           : "Node and Deno run it again, although Node's documentation calls that "
                             "undefined; Bun never does"};
  nck_finding_raise(&event, "the async work %p was queued a second time, %s",
                    nck_object_token(object),
                    work->busy ? "before its complete callback had been called: the pool has it "
                                 "in its queue already; the call was not forwarded"
                               : "after it had completed");
}

napi_status napi_queue_async_work(napi_env env, napi_async_work work) {
  const enum nck_function_id id = NCK_FN_napi_queue_async_work;
  NCK_ENTER(napi_queue_async_work);
  if (state == NULL)
    return nck_real.napi_queue_async_work(env, work);
  struct nck_object *object;
  napi_async_work real = work_in(state, work, id, pc, &object);
  if (NCK_UNLIKELY(nck_tls.refused_by_throw))
    return nck_frame_answer(napi_pending_exception);
  struct nck_work *record = object != NULL ? (struct nck_work *)(uintptr_t)object->data : NULL;
  if (record != NULL && NCK_UNLIKELY(record->queued_stack != 0)) {
    report_queued_twice(state, object, record, pc);
    // Node looks at nothing, and its pool's queue is broken from there on; others pass over it.
    if (nck_tls.refused_by_throw || record->busy)
      return nck_frame_answer(nck_runtime_has_uv() ? napi_invalid_arg : napi_ok);
  }
  if (record != NULL) {
    record->queued_stack = nck_finding_stack(pc);
    record->busy = true;
    object->flags |= NCK_OBJECT_QUEUED;
    object->last_stack = record->queued_stack;
  }
  napi_status status = nck_real.napi_queue_async_work(env, real);
  if (NCK_UNLIKELY(status != napi_ok)) {
    if (record != NULL) {
      record->busy = false;
      record->queued_stack = 0;
      object->flags &= (uint16_t)~NCK_OBJECT_QUEUED;
    }
    nck_call_failed(state, id, status, pc);
  }
  return status;
}

napi_status napi_cancel_async_work(napi_env env, napi_async_work work) {
  const enum nck_function_id id = NCK_FN_napi_cancel_async_work;
  NCK_ENTER(napi_cancel_async_work);
  if (state == NULL)
    return nck_real.napi_cancel_async_work(env, work);
  struct nck_object *object;
  napi_async_work real = work_in(state, work, id, pc, &object);
  if (NCK_UNLIKELY(nck_tls.refused_by_throw))
    return nck_frame_answer(napi_pending_exception);
  napi_status status = nck_real.napi_cancel_async_work(env, real);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  return status;
}

napi_status napi_create_promise(napi_env env, napi_deferred *deferred, napi_value *promise) {
  const enum nck_function_id id = NCK_FN_napi_create_promise;
  NCK_ENTER(napi_create_promise);
  if (state == NULL)
    return nck_real.napi_create_promise(env, deferred, promise);
  NCK_BEFORE_REAL(state, id, pc);
  napi_status status = nck_real.napi_create_promise(env, deferred, promise);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, id, status, pc);
    return status;
  }
  *deferred = nck_object_new(state, NCK_KIND_DEFERRED, *deferred, 1, id, pc, 0);
  nck_value_out(state, promise, id, pc);
  return status;
}

static napi_status settle(struct nck_env *state, napi_env env, napi_deferred deferred,
                          napi_value value, enum nck_function_id function, const void *pc) {
  value = nck_value_in(state, value, function, pc);
  NCK_BEFORE_REAL(state, function, pc);
  struct nck_object *object;
  napi_deferred real = deferred;
  enum nck_word word = nck_object_decode(deferred, NCK_KIND_DEFERRED, &object);
  if (word == NCK_WORD_LIVE) {
    real = (napi_deferred)(uintptr_t)object->real;
    // The runtime refuses without freeing the deferred when an exception is pending, or the value
    // is missing.
    if (value != NULL)
      nck_object_drop(state, object, nck_finding_stack(pc), NCK_FATE_DELETED);
    else
      object = NULL;
  } else if (word == NCK_WORD_DEAD || word == NCK_WORD_OTHER) {
    if (nck_finding_wanted(NCK_FINDING_DEFERRED_SETTLED_TWICE)) {
      struct nck_event event = {.kind = NCK_FINDING_DEFERRED_SETTLED_TWICE,
                                .function = function,
                                .state = state,
                                .object_kind = NCK_KIND_DEFERRED,
                                .roles = {NCK_ROLE_USED},
                                .stacks = {nck_finding_stack(pc)}};
      if (word == NCK_WORD_DEAD && object != NULL) {
        event.roles[1] = NCK_ROLE_FIRST;
        event.stacks[1] = object->end_stack;
        event.roles[2] = NCK_ROLE_CREATED;
        event.stacks[2] = nck_recorder.sites[object->site].stack;
      }
      nck_finding_raise(
          &event,
          "%s got the deferred %p, which had been settled before; the call was not forwarded",
          nck_function_name(function), (void *)deferred);
    }
    return nck_frame_answer(napi_invalid_arg);
  }
  napi_status status = function == NCK_FN_napi_resolve_deferred
                           ? nck_real.napi_resolve_deferred(env, real, value)
                           : nck_real.napi_reject_deferred(env, real, value);
  if (NCK_UNLIKELY(status != napi_ok)) {
    if (word == NCK_WORD_LIVE && object != NULL) {
      // Refused although no exception was left pending: the env is being torn down and runs no
      // JavaScript any more; a promise that nobody can wait for owes nothing.
      bool stopping =
          status == napi_cannot_run_js || (status == napi_pending_exception && !state->pending);
      if (!stopping && (status == napi_pending_exception || status == napi_invalid_arg))
        nck_object_revive(state, object);
    }
    nck_call_failed(state, function, status, pc);
  }
  return status;
}

napi_status napi_resolve_deferred(napi_env env, napi_deferred deferred, napi_value resolution) {
  NCK_ENTER(napi_resolve_deferred);
  if (state == NULL)
    return nck_real.napi_resolve_deferred(env, deferred, resolution);
  return settle(state, env, deferred, resolution, NCK_FN_napi_resolve_deferred, pc);
}

napi_status napi_reject_deferred(napi_env env, napi_deferred deferred, napi_value rejection) {
  NCK_ENTER(napi_reject_deferred);
  if (state == NULL)
    return nck_real.napi_reject_deferred(env, deferred, rejection);
  return settle(state, env, deferred, rejection, NCK_FN_napi_reject_deferred, pc);
}

napi_status napi_async_init(napi_env env, napi_value async_resource, napi_value async_resource_name,
                            napi_async_context *result) {
  const enum nck_function_id id = NCK_FN_napi_async_init;
  NCK_ENTER(napi_async_init);
  if (state == NULL)
    return nck_real.napi_async_init(env, async_resource, async_resource_name, result);
  async_resource = nck_value_in(state, async_resource, id, pc);
  async_resource_name = nck_value_in(state, async_resource_name, id, pc);
  NCK_BEFORE_REAL(state, id, pc);
  napi_status status = nck_real.napi_async_init(env, async_resource, async_resource_name, result);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  else
    *result = nck_object_new(state, NCK_KIND_ASYNC_CONTEXT, *result, 1, id, pc, 0);
  return status;
}

bool nck_async_context_in(struct nck_env *state, napi_async_context context,
                          enum nck_function_id function, const void *pc, napi_async_context *real,
                          struct nck_object **object) {
  struct nck_object *found;
  enum nck_word word = nck_object_decode(context, NCK_KIND_ASYNC_CONTEXT, &found);
  *real = context;
  *object = NULL;
  if (word == NCK_WORD_LIVE) {
    *real = (napi_async_context)(uintptr_t)found->real;
    *object = found;
  }
  if (word != NCK_WORD_DEAD && word != NCK_WORD_OTHER)
    return true;
  if (!nck_finding_wanted(NCK_FINDING_ASYNC_CONTEXT_USE_AFTER_DESTROY))
    return false;
  struct nck_event event = {.kind = NCK_FINDING_ASYNC_CONTEXT_USE_AFTER_DESTROY,
                            .function = function,
                            .state = state,
                            .object_kind = NCK_KIND_ASYNC_CONTEXT,
                            .roles = {NCK_ROLE_USED},
                            .stacks = {nck_finding_stack(pc)}};
  if (word == NCK_WORD_DEAD && found != NULL) {
    event.roles[1] = NCK_ROLE_DELETED;
    event.stacks[1] = found->end_stack;
    event.roles[2] = NCK_ROLE_CREATED;
    event.stacks[2] = nck_recorder.sites[found->site].stack;
  }
  nck_finding_raise(&event, "%s got the async context %p, which %s; the call was not forwarded",
                    nck_function_name(function), (void *)context,
                    word == NCK_WORD_DEAD ? "had been destroyed before"
                                          : "is a handle of another kind");
  return false;
}

napi_status napi_async_destroy(napi_env env, napi_async_context async_context) {
  const enum nck_function_id id = NCK_FN_napi_async_destroy;
  NCK_ENTER(napi_async_destroy);
  if (state == NULL)
    return nck_real.napi_async_destroy(env, async_context);
  NCK_CHECK_GC(state, id, pc);
  struct nck_object *object;
  napi_async_context real;
  if (!nck_async_context_in(state, async_context, NCK_FN_napi_async_destroy, pc, &real, &object))
    return nck_frame_answer(napi_invalid_arg);
  if (object != NULL)
    nck_object_drop(state, object, nck_finding_stack(pc), NCK_FATE_DELETED);
  napi_status status = nck_real.napi_async_destroy(env, real);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  return status;
}

napi_status napi_make_callback(napi_env env, napi_async_context async_context, napi_value recv,
                               napi_value func, size_t argc, const napi_value *argv,
                               napi_value *result) {
  const enum nck_function_id id = NCK_FN_napi_make_callback;
  NCK_ENTER(napi_make_callback);
  if (state == NULL)
    return nck_real.napi_make_callback(env, async_context, recv, func, argc, argv, result);
  recv = nck_value_in(state, recv, id, pc);
  func = nck_value_in(state, func, id, pc);
  struct nck_object *object;
  napi_async_context real;
  if (!nck_async_context_in(state, async_context, id, pc, &real, &object))
    return nck_frame_answer(napi_invalid_arg);
  struct nck_values room;
  const napi_value *values = nck_values_borrow(&room, state, argv, argc, id, pc);
  if (NCK_UNLIKELY(values == NULL && argv != NULL && argc != 0))
    return napi_generic_failure;
  if (NCK_REFUSES(state, id, pc)) {
    nck_values_return(&room);
    return napi_pending_exception;
  }
  napi_status status = nck_real.napi_make_callback(env, real, recv, func, argc, values, result);
  nck_values_return(&room);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  else
    nck_value_out(state, result, id, pc);
  return status;
}
