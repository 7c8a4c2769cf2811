// frame.c: entering and leaving the callbacks of addons.
#define _GNU_SOURCE
#include "frame.h"

#include <string.h>

#include "finding.h"
#include "options.h"
#include "own.h"
#include "recorder.h"
#include "stack.h"

enum { INFOS = 256 };

struct info_ring {
  struct nck_info infos[INFOS];
  uint32_t next;
};
static __thread struct info_ring *info_ring __attribute__((tls_model("initial-exec")));

void nck_frame_enter(struct nck_frame *frame, struct nck_env *state, enum nck_frame_kind kind,
                     const void *user_cb) {
  frame->outer = nck_tls.frame;
  frame->state = state;
  frame->saved_state = nck_tls.state;
  frame->user_cb = user_cb;
  frame->info = NULL;
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
  if (frame->info != NULL)
    frame->info->frame = NULL;
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

napi_callback_info nck_frame_give_info(struct nck_frame *frame, napi_env env,
                                       napi_callback_info real, void *user_data) {
  if (NCK_UNLIKELY(info_ring == NULL)) {
    info_ring = nck_own_alloc(sizeof *info_ring);
    if (info_ring == NULL)
      return real;
  }
  struct nck_info *info = &info_ring->infos[info_ring->next++ % INFOS];
  for (int i = 1; NCK_UNLIKELY(info->frame != NULL); i++) {
    if (i == INFOS)
      return real; // that many callbacks in one another
    info = &info_ring->infos[info_ring->next++ % INFOS];
  }
  info->bundle = &info->env;
  info->env = env;
  info->data = user_data;
  info->real = real;
  info->frame = frame;
  frame->info = info;
  return (napi_callback_info)info;
}

struct nck_info *nck_frame_info(napi_callback_info given) {
  uintptr_t offset = (uintptr_t)given - (uintptr_t)info_ring;
  if (NCK_UNLIKELY(info_ring == NULL || offset >= sizeof info_ring->infos ||
                   offset % sizeof(struct nck_info) != 0))
    return NULL;
  return (struct nck_info *)(void *)given;
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
