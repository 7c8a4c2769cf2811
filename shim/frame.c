// frame.c: entering and leaving the callbacks of addons.
#define _GNU_SOURCE
#include "frame.h"

#include <string.h>

#include "finding.h"
#include "options.h"
#include "recorder.h"
#include "stack.h"

static uint64_t next_serial =
    1; // of frames; a lost update between threads only repeats a serial on two threads

void nck_frame_enter(struct nck_frame *frame, struct nck_env *state, enum nck_frame_kind kind,
                     const void *user_cb) {
  frame->outer = nck_tls.frame;
  frame->state = state;
  frame->saved_state = nck_tls.state;
  frame->user_cb = user_cb;
  frame->info = NULL;
  frame->user_data = NULL;
  frame->serial = __atomic_fetch_add(&next_serial, nck_many_threads ? 1 : 0, __ATOMIC_RELAXED);
  if (!nck_many_threads)
    next_serial++;
  frame->queued_stack = 0;
  frame->kind = (uint8_t)kind;
  frame->basic = false;
  frame->no_js = kind == NCK_FRAME_FINALIZER || kind == NCK_FRAME_HOOK || kind == NCK_FRAME_EXECUTE;
  frame->entered = true;
  nck_tls.frame = frame;
  if (state != NULL) {
    frame->depth = state->n_scopes;
    if (nck_scope_push(state, NCK_SCOPE_FRAME, NULL, user_cb) == NULL)
      frame->state = state = NULL;
  }
  nck_env_select(state);
}

static void report_unclosed(struct nck_frame *frame, const struct nck_scope *scope) {
  bool callback_scope = scope->kind == NCK_SCOPE_CALLBACK;
  enum nck_finding_kind kind =
      callback_scope ? NCK_FINDING_UNCLOSED_CALLBACK_SCOPE : NCK_FINDING_UNCLOSED_HANDLE_SCOPE;
  if (!nck_finding_wanted(kind))
    return;
  struct nck_event event = {
      .kind = kind,
      .function = callback_scope                       ? NCK_FN_napi_open_callback_scope
                  : scope->kind == NCK_SCOPE_ESCAPABLE ? NCK_FN_napi_open_escapable_handle_scope
                                                       : NCK_FN_napi_open_handle_scope,
      .state = frame->state,
      .roles = {NCK_ROLE_OPENED, NCK_ROLE_CALLBACK},
      .stacks = {nck_stack_single(scope->pc, false), nck_stack_single(frame->user_cb, true)},
      .no_js = true};
  nck_finding_raise(&event,
                    "a callback returned while a scope that it had opened with %s was still open: "
                    "the runtime stops the process on that",
                    nck_function_name(event.function));
}

void nck_frame_leave(struct nck_frame *frame) {
  if (!frame->entered)
    return;
  frame->entered = false;
  struct nck_env *state = frame->state;
  if (state != NULL) {
    if (NCK_UNLIKELY(state->n_scopes > frame->depth + 1)) {
      for (uint32_t i = frame->depth + 1; i < state->n_scopes; i++)
        if (state->scopes[i].kind != NCK_SCOPE_FRAME)
          report_unclosed(frame, &state->scopes[i]);
      nck_scope_pop_to(state, frame->depth, frame->user_cb);
    } else if (NCK_LIKELY(state->n_scopes == frame->depth + 1)) {
      nck_scope_pop(state, frame->user_cb);
    }
    state->pending = false;
  }
  nck_tls.frame = frame->outer;
  nck_env_select(frame->saved_state);
}

bool nck_frame_in_init(void) {
  for (const struct nck_frame *frame = nck_tls.frame; frame != NULL; frame = frame->outer)
    if (frame->kind == NCK_FRAME_INIT)
      return true;
  return false;
}

struct nck_frame *nck_frame_from_info(napi_callback_info info) {
  uint64_t bits = (uint64_t)(uintptr_t)info;
  if ((bits & ~NCK_VALUE_MASK) != NCK_INFO_TOKEN_TAG)
    return NULL;
  for (struct nck_frame *frame = nck_tls.frame; frame != NULL; frame = frame->outer)
    if (frame->info != NULL && (frame->serial & NCK_VALUE_MASK) == (bits & NCK_VALUE_MASK))
      return frame;
  return NULL;
}

void nck_frame_check_gc(struct nck_env *state, enum nck_function_id function, const void *pc) {
  // Finalizers of modules that do not declare the experimental version are deferred: there they may
  // call anything, today.
  if (state->foreign || !nck_tls.frame->basic ||
      nck_function_classes[function] != NCK_CLASS_ENV_THREAD ||
      !nck_finding_wanted(NCK_FINDING_FINALIZER_GC_UNSAFE))
    return;
  struct nck_event event = {
      .kind = NCK_FINDING_FINALIZER_GC_UNSAFE,
      .severity = NCK_SEVERITY_ERROR,
      .function = function,
      .state = state,
      .roles = {NCK_ROLE_USED, NCK_ROLE_CALLBACK},
      .stacks = {nck_finding_stack(pc), nck_stack_single(nck_tls.frame->user_cb, true)},
      .no_js = true};
  nck_finding_raise(&event,
                    "%s was called in a finalizer of a module that declares the experimental "
                    "version, where the runtime aborts on it",
                    nck_function_name(function));
}
