// frame.c: entering and leaving the callbacks of addons.
#define _GNU_SOURCE
#include "frame.h"

#include <string.h>

#include "finding.h"
#include "options.h"
#include "own.h"
#include "recorder.h"
#include "stack.h"

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
      .no_js = true,
      .no_throw = true};
  nck_finding_raise(&event,
                    "a callback returned while a scope that it had opened with %s was still open%s",
                    nck_function_name(event.function),
                    frame->kind != NCK_FRAME_HOOK ? ": Node stops the process on that" : "");
}

const void *nck_stack_entered(const void *limit) {
  return ((const struct nck_frame *)limit)->user_cb;
}

void nck_frame_enter(struct nck_frame *frame, struct nck_env *state, enum nck_frame_kind kind,
                     const void *user_cb) {
  frame->outer = nck_tls.frame;
  frame->state = NULL;
  frame->user_cb = user_cb;
  frame->scope = NULL;
  frame->tag_bits = 0;
  frame->info = NULL;
  frame->flags = 0;
  frame->kind = (uint8_t)kind;
  frame->runs = true;
  frame->no_js = kind == NCK_FRAME_FINALIZER || kind == NCK_FRAME_HOOK || kind == NCK_FRAME_EXECUTE;
  nck_tls.frame = frame;
  nck_tls.n_inits += kind == NCK_FRAME_INIT;
  if (NCK_UNLIKELY(nck_tls.trouble != 0))
    nck_tls.refused_by_throw = false;
  nck_tls.callback_ran = true;
  if (state != NULL &&
      (frame->scope = nck_scope_push_bare(state, NCK_SCOPE_FRAME, user_cb)) != NULL) {
    frame->state = state;
    frame->tag_bits = state->top_tag_bits;
    nck_env_look_for_turn(state, frame->outer == NULL);
  }
  nck_env_select(frame->state);
}

void nck_frame_settle(struct nck_frame *frame) {
  struct nck_env *state = frame->state;
  if (state->top < frame->scope)
    return;
  for (const struct nck_scope *scope = frame->scope + 1; scope <= state->top; scope++)
    if (scope->kind != NCK_SCOPE_FRAME && !scope->closed_abroad)
      report_unclosed(frame, scope);
  nck_scope_pop_to(state, (uint32_t)(frame->scope - state->scopes), frame->user_cb);
}

// A further ring of this thread; its first info to be given out.
static struct nck_info *ring_new(struct nck_info_ring **link) {
  struct nck_info_ring *ring = nck_own_alloc(sizeof *ring);
  if (ring == NULL)
    return NULL;
  // The memory may have been another thread's ring, and an addon may have kept one of its infos:
  // begin elsewhere.
  uint32_t serial = nck_tls.thread != NULL ? nck_tls.thread->serial : 0;
  ring->end.real = NCK_NO_INFO;
  __atomic_store_n(link, ring, __ATOMIC_RELEASE);
  if (nck_tls.thread != NULL)
    nck_tls.thread->infos = nck_tls.infos;
  return &ring->infos[serial * 97 % NCK_INFOS];
}

struct nck_info *nck_frame_find_info(void) {
  struct nck_info_ring **link = &nck_tls.infos;
  for (; *link != NULL; link = &(*link)->next) {
    struct nck_info_ring *ring = *link;
    uintptr_t offset = (uintptr_t)nck_tls.next_info - (uintptr_t)ring;
    size_t first = offset <= sizeof ring->infos ? offset / sizeof *ring->infos : 0;
    for (size_t i = 0; i < NCK_INFOS; i++) {
      struct nck_info *info = &ring->infos[(first + i) % NCK_INFOS];
      if (info->real == NULL)
        return info;
    }
  }
  return ring_new(link);
}

void nck_frame_thread_end(struct nck_thread_state *thread) {
  thread->infos = NULL;
  while (nck_tls.infos != NULL) {
    struct nck_info_ring *ring = nck_tls.infos;
    nck_tls.infos = ring->next;
    nck_own_free(ring, sizeof *ring);
  }
  nck_tls.next_info = NULL;
}

void nck_frame_check_gc(struct nck_env *state, enum nck_function_id function, const void *pc) {
  if (state->foreign || !nck_tls.frame->collects ||
      nck_function_classes[function] != NCK_CLASS_ENV_THREAD ||
      !nck_finding_wanted(NCK_FINDING_FINALIZER_GC_UNSAFE))
    return;
  bool basic = nck_tls.frame->basic;
  // node-addon-api opens a handle scope around every finalizer: no decision of the addon's author.
  if (!basic &&
      (function == NCK_FN_napi_open_handle_scope || function == NCK_FN_napi_close_handle_scope))
    return;
  // What node-addon-api (~ObjectWrap of its older versions) and napi-rs do in the finalizer of each
  // object: no decision of the addon's author either, and nothing that runs JavaScript or makes an
  // object.
  bool only_counts = function == NCK_FN_napi_get_reference_value ||
                     function == NCK_FN_napi_reference_ref ||
                     function == NCK_FN_napi_reference_unref;
  struct nck_event event = {
      .kind = NCK_FINDING_FINALIZER_GC_UNSAFE,
      .severity = basic         ? NCK_SEVERITY_ERROR
                  : only_counts ? NCK_SEVERITY_NOTE
                                : NCK_SEVERITY_WARNING,
      .reason = basic         ? NULL
                : only_counts ? "finalizers of modules that do not declare the experimental "
                                "version are deferred until they may call anything, and this call "
                                "runs no JavaScript: binding libraries make it for every object"
                              : "finalizers of modules that do not declare the experimental "
                                "version are deferred until they may call anything",
      .function = function,
      .state = state,
      .roles = {NCK_ROLE_USED, NCK_ROLE_CALLBACK},
      .stacks = {nck_finding_stack(pc), nck_stack_single(nck_tls.frame->user_cb, true)},
      .no_js = true};
  nck_finding_raise(&event,
                    basic ? "%s was called in a finalizer of a module that declares the "
                            "experimental version, where the runtime aborts on it"
                          : "%s was called in a finalizer: it may run JavaScript or touch the "
                            "garbage collector, which basic finalizers must not",
                    nck_function_name(function));
}

// napi_pending_exception need not mean that there is an exception: an env that may not run
// JavaScript any more (it is torn down, its worker was terminated) gives that answer, too. Asked
// before a call that will set the last error in any case.
static void check_exception(struct nck_env *state, enum nck_function_id function) {
  bool pending = true;
  if (state->foreign || nck_function_classes[function] != NCK_CLASS_ENV_THREAD ||
      (nck_tls.frame != NULL && nck_tls.frame->basic))
    return;
  if (state->pending && nck_real.napi_is_exception_pending(state->env, &pending) == napi_ok &&
      !pending)
    state->pending = false;
  nck_tls.exception_left = false;
  for (const struct nck_env *other = state->thread->envs; other != NULL;
       other = other->next_on_thread)
    nck_tls.exception_left |= other->pending;
}

// No scope of the env is open that holds handles: callback scopes hold none.
static bool is_without_scope(const struct nck_env *state) {
  const struct nck_scope *scope = state->top;
  while (scope > state->scopes && scope->kind == NCK_SCOPE_CALLBACK)
    scope--;
  return scope == state->scopes;
}

bool nck_frame_refuses(struct nck_env *state, enum nck_function_id function, const void *pc) {
  if (nck_frame_finalizes())
    nck_frame_check_gc(state, function, pc);
  if (nck_tls.frame == NULL && nck_tls.callback_ran && is_without_scope(state) &&
      nck_function_makes_handles(function))
    nck_scope_outside(state, function, pc);
  if (nck_tls.exception_left)
    check_exception(state, function);
  bool refused = nck_tls.refused_by_throw;
  nck_tls.refused_by_throw = false;
  return refused;
}
