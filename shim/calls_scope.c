// calls_scope.c: handle scopes, escapable ones, callback scopes.
//
// A scope that is closed wrongly is said before the runtime gets it. The runtime gets what it would
// have got: its own pointer, as far as we still know it; a token that means nothing (closed twice)
// is refused.
#include "async.h"
#include "finding.h"
#include "frame.h"
#include "object.h"
#include "recorder.h"
#include "stack.h"

static void report_mismatch(struct nck_env *state, const struct nck_scope *scope,
                            enum nck_function_id function, const void *pc, const char *why) {
  if (!nck_finding_wanted(NCK_FINDING_HANDLE_SCOPE_MISMATCH))
    return;
  struct nck_event event = {.kind = NCK_FINDING_HANDLE_SCOPE_MISMATCH,
                            .function = function,
                            .state = state,
                            .roles = {NCK_ROLE_USED},
                            .stacks = {nck_finding_stack(pc)}};
  if (scope != NULL && scope->pc != NULL) {
    event.roles[1] = NCK_ROLE_OPENED;
    event.stacks[1] = nck_stack_single(scope->pc, false);
  }
  nck_finding_raise(&event, "%s: %s", nck_function_name(function), why);
}

// `state` is no stand-in.
static inline void scope_opened(struct nck_env *state, enum nck_scope_kind kind, void **result,
                                const void *pc) {
  const struct nck_scope *scope =
      NCK_LIKELY(result != NULL) ? nck_scope_push(state, kind, *result, pc) : NULL;
  if (NCK_UNLIKELY(scope == NULL))
    return;
  if (kind == NCK_SCOPE_CALLBACK)
    nck_scope_share_tag(state, nck_scope_count(state) - 1);
  *result = (void *)(uintptr_t)scope->token;
  nck_counter_created(&state->row->counters[kind == NCK_SCOPE_CALLBACK ? NCK_KIND_CALLBACK_SCOPE
                                                                       : NCK_KIND_HANDLE_SCOPE]);
}

// On another thread than the env's own, which was said: the addon gets the runtime's own scope, and
// the runtime gets its own as far as that is known. The list is that of the env's thread, and stays
// as it is.
static void scope_opened_abroad(const struct nck_env *foreign) {
  struct nck_env *state = nck_env_find(foreign->env);
  if (state != NULL)
    __atomic_fetch_add(&state->n_opened_abroad, 1, __ATOMIC_RELAXED);
}

static void *scope_abroad(struct nck_env *foreign, void *token, bool closes) {
  struct nck_env *state = nck_env_find(foreign->env);
  struct nck_scope *scope = state != NULL ? nck_scope_from_token(state, token) : NULL;
  if (scope == NULL)
    return token;
  if (closes)
    scope->closed_abroad = true;
  return scope->real;
}

static bool is_other_env(const struct nck_env *state, const void *token) {
  for (struct nck_env *other = state->thread->envs; other != NULL; other = other->next_on_thread)
    if (other != state && nck_scope_from_token(other, token) != NULL)
      return true;
  return false;
}

// Takes a scope off the list; what the runtime gets. *refused: nothing is to be forwarded.
static __attribute__((noinline)) void *scope_closing(struct nck_env *state, void *token,
                                                     enum nck_scope_kind kind,
                                                     enum nck_function_id function, const void *pc,
                                                     bool *refused) {
  *refused = false;
  if (token == NULL)
    return token;
  if (NCK_UNLIKELY(state->foreign))
    return scope_abroad(state, token, true);
  struct nck_scope *scope = nck_scope_from_token(state, token);
  if (scope == NULL || NCK_UNLIKELY(scope->closed_abroad)) {
    if (((uint64_t)(uintptr_t)token & 0xffff000000000000ull) != NCK_SCOPE_TOKEN_TAG) {
      if (nck_recorder_is_blind() || state->n_opened_abroad > 0)
        return token;
      report_mismatch(state, NULL, function, pc,
                      "the value is no scope that this env opened; the call was not forwarded");
    } else {
      report_mismatch(state, NULL, function, pc,
                      is_other_env(state, token)
                          ? "the scope was opened with another env; the call was not forwarded"
                          : "the scope had been closed before; the call was not forwarded");
    }
    *refused = true;
    return NULL;
  }
  // One is no object of the other's class: the runtime would free what it never allocated.
  if ((scope->kind == NCK_SCOPE_CALLBACK) != (kind == NCK_SCOPE_CALLBACK)) {
    report_mismatch(state, scope, function, pc,
                    kind == NCK_SCOPE_CALLBACK
                        ? "the scope is no callback scope; the call was not forwarded"
                        : "the scope is a callback scope; the call was not forwarded");
    *refused = true;
    return NULL;
  }
  if (scope->kind != kind)
    report_mismatch(
        state, scope, function, pc,
        scope->kind == NCK_SCOPE_ESCAPABLE
            ? "an escapable handle scope has to be closed with napi_close_escapable_handle_scope"
            : "the scope was opened with napi_open_handle_scope");
  void *real = scope->real;
  uint32_t depth = (uint32_t)(scope - state->scopes);
  if (scope != state->top) {
    uint32_t n_scopes = nck_scope_count(state);
    // Frames inside: the scope belongs to a callback further out that is still running.
    bool crosses_frame = false;
    for (uint32_t i = depth + 1; i < n_scopes; i++)
      crosses_frame |= state->scopes[i].kind == NCK_SCOPE_FRAME;
    bool only_other_kind = true; // handle scopes and callback scopes need not nest in one another
    for (uint32_t i = depth + 1; i < n_scopes; i++)
      only_other_kind &=
          (state->scopes[i].kind == NCK_SCOPE_CALLBACK) != (kind == NCK_SCOPE_CALLBACK);
    if (crosses_frame || !only_other_kind)
      report_mismatch(state, scope, function, pc,
                      crosses_frame ? "the scope was opened outside the callback that closes it"
                                    : "scopes opened after it are still open");
    if (!crosses_frame) {
      // Take this one out; the inner ones stay until they are closed.
      nck_scope_remove(state, depth, pc);
      for (uint32_t i = depth; i < n_scopes - 1; i++)
        if (state->scopes[i].kind == NCK_SCOPE_CALLBACK)
          nck_scope_share_tag(state, i);
      nck_counter_released(
          &state->row->counters[kind == NCK_SCOPE_CALLBACK ? NCK_KIND_CALLBACK_SCOPE
                                                           : NCK_KIND_HANDLE_SCOPE]);
    }
    return real;
  }
  nck_scope_pop(state, pc);
  nck_counter_released(&state->row->counters[kind == NCK_SCOPE_CALLBACK ? NCK_KIND_CALLBACK_SCOPE
                                                                        : NCK_KIND_HANDLE_SCOPE]);
  return real;
}

// Handle scopes are opened and closed in pairs in inner loops: as in calls_table.c, what most calls
// are is all that the first function does, and all else is done by a second one.
static inline napi_status open_slow(napi_env env, void **result, enum nck_scope_kind kind,
                                    const void *pc) {
  const enum nck_function_id id = kind == NCK_SCOPE_HANDLE
                                      ? NCK_FN_napi_open_handle_scope
                                      : NCK_FN_napi_open_escapable_handle_scope;
  struct nck_env *state;
  NCK_ENTER_FROM(id, pc);
  if (state != NULL)
    NCK_BEFORE_REAL(state, id, pc);
  napi_status status =
      kind == NCK_SCOPE_HANDLE
          ? nck_real.napi_open_handle_scope(env, (napi_handle_scope *)result)
          : nck_real.napi_open_escapable_handle_scope(env, (napi_escapable_handle_scope *)result);
  if (state == NULL)
    return status;
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  else if (NCK_UNLIKELY(state->foreign))
    scope_opened_abroad(state);
  else
    scope_opened(state, kind, result, pc);
  return status;
}

static inline napi_status close_slow(napi_env env, void *scope, enum nck_scope_kind kind,
                                     const void *pc) {
  const enum nck_function_id id = kind == NCK_SCOPE_HANDLE
                                      ? NCK_FN_napi_close_handle_scope
                                      : NCK_FN_napi_close_escapable_handle_scope;
  struct nck_env *state;
  NCK_ENTER_FROM(id, pc);
  bool refused = false;
  if (state != NULL)
    NCK_CHECK_GC(state, id, pc);
  void *real = state != NULL ? scope_closing(state, scope, kind, id, pc, &refused) : scope;
  if (NCK_UNLIKELY(refused))
    return nck_frame_answer(napi_handle_scope_mismatch);
  napi_status status = kind == NCK_SCOPE_HANDLE
                           ? nck_real.napi_close_handle_scope(env, real)
                           : nck_real.napi_close_escapable_handle_scope(env, real);
  if (NCK_UNLIKELY(status != napi_ok) && state != NULL)
    nck_call_failed(state, id, status, pc);
  return nck_frame_answer(status);
}

static __attribute__((noinline)) napi_status open_handle_slow(napi_env env, void **result,
                                                              const void *pc) {
  return open_slow(env, result, NCK_SCOPE_HANDLE, pc);
}
static __attribute__((noinline)) napi_status open_escapable_slow(napi_env env, void **result,
                                                                 const void *pc) {
  return open_slow(env, result, NCK_SCOPE_ESCAPABLE, pc);
}
static __attribute__((noinline)) napi_status close_handle_slow(napi_env env, void *scope,
                                                               const void *pc) {
  return close_slow(env, scope, NCK_SCOPE_HANDLE, pc);
}
static __attribute__((noinline)) napi_status close_escapable_slow(napi_env env, void *scope,
                                                                  const void *pc) {
  return close_slow(env, scope, NCK_SCOPE_ESCAPABLE, pc);
}

// The innermost scope, where it is the one to be closed.
static inline bool is_top(const struct nck_env *state, const void *scope,
                          enum nck_scope_kind kind) {
  return state->top->token == (uint64_t)(uintptr_t)scope && state->top->kind == (uint8_t)kind;
}

static inline void *pop_top(struct nck_env *state, const void *pc) {
  void *real = state->top->real;
  state->row->n_calls++;
  nck_scope_pop(state, pc);
  nck_counter_released(&state->row->counters[NCK_KIND_HANDLE_SCOPE]);
  return real;
}

napi_status napi_open_handle_scope(napi_env env, napi_handle_scope *result) {
  struct nck_env *state = nck_tls.state;
  if (NCK_UNLIKELY(nck_tls.env != env))
    return open_handle_slow(env, (void **)result, NCK_PC);
  state->row->n_calls++;
  napi_status status = nck_real.napi_open_handle_scope(env, result);
  if (NCK_UNLIKELY(status != napi_ok))
    return nck_call_failed(state, NCK_FN_napi_open_handle_scope, status, NCK_PC);
  scope_opened(state, NCK_SCOPE_HANDLE, (void **)result, NCK_PC);
  return napi_ok;
}

napi_status napi_close_handle_scope(napi_env env, napi_handle_scope scope) {
  struct nck_env *state = nck_tls.state;
  if (NCK_UNLIKELY(nck_tls.env != env || !is_top(state, scope, NCK_SCOPE_HANDLE)))
    return close_handle_slow(env, scope, NCK_PC);
  napi_status status = nck_real.napi_close_handle_scope(env, pop_top(state, NCK_PC));
  if (NCK_UNLIKELY(status != napi_ok))
    return nck_call_failed(state, NCK_FN_napi_close_handle_scope, status, NCK_PC);
  return napi_ok;
}

napi_status napi_open_escapable_handle_scope(napi_env env, napi_escapable_handle_scope *result) {
  struct nck_env *state = nck_tls.state;
  if (NCK_UNLIKELY(nck_tls.env != env))
    return open_escapable_slow(env, (void **)result, NCK_PC);
  state->row->n_calls++;
  napi_status status = nck_real.napi_open_escapable_handle_scope(env, result);
  if (NCK_UNLIKELY(status != napi_ok))
    return nck_call_failed(state, NCK_FN_napi_open_escapable_handle_scope, status, NCK_PC);
  scope_opened(state, NCK_SCOPE_ESCAPABLE, (void **)result, NCK_PC);
  return napi_ok;
}

napi_status napi_close_escapable_handle_scope(napi_env env, napi_escapable_handle_scope scope) {
  struct nck_env *state = nck_tls.state;
  if (NCK_UNLIKELY(nck_tls.env != env || !is_top(state, scope, NCK_SCOPE_ESCAPABLE)))
    return close_escapable_slow(env, scope, NCK_PC);
  napi_status status = nck_real.napi_close_escapable_handle_scope(env, pop_top(state, NCK_PC));
  if (NCK_UNLIKELY(status != napi_ok))
    return nck_call_failed(state, NCK_FN_napi_close_escapable_handle_scope, status, NCK_PC);
  return napi_ok;
}

napi_status napi_escape_handle(napi_env env, napi_escapable_handle_scope scope, napi_value escapee,
                               napi_value *result) {
  const enum nck_function_id id = NCK_FN_napi_escape_handle;
  NCK_ENTER(napi_escape_handle);
  if (state == NULL)
    return nck_real.napi_escape_handle(env, scope, escapee, result);
  escapee = nck_value_in(state, escapee, id, pc);
  void *real = scope;
  struct nck_scope *open = NULL;
  if (NCK_UNLIKELY(state->foreign)) {
    real = scope_abroad(state, scope, false);
  } else if (scope != NULL) {
    open = nck_scope_from_token(state, scope);
    if (open != NULL) {
      real = open->real;
      if (open->kind != NCK_SCOPE_ESCAPABLE) { // the runtime's is smaller than it would take it for
        report_mismatch(state, open, id, pc,
                        "the scope is not an escapable one; the call was not forwarded");
        return nck_frame_answer(napi_invalid_arg);
      }
      if (open->escaped && nck_finding_wanted(NCK_FINDING_ESCAPE_CALLED_TWICE)) {
        struct nck_event event = {
            .kind = NCK_FINDING_ESCAPE_CALLED_TWICE,
            .function = id,
            .state = state,
            .roles = {NCK_ROLE_USED, NCK_ROLE_OPENED},
            .stacks = {nck_finding_stack(pc), nck_stack_single(open->pc, false)}};
        nck_finding_raise(&event, "napi_escape_handle was called for the second time on one scope: "
                                  "the runtime answers napi_escape_called_twice");
      }
    } else if (!nck_recorder_is_blind() && state->n_opened_abroad == 0) {
      report_mismatch(state, NULL, id, pc, "the scope is not open; the call was not forwarded");
      return nck_frame_answer(napi_invalid_arg);
    }
  }
  NCK_BEFORE_REAL(state, id, pc);
  napi_status status = nck_real.napi_escape_handle(env, real, escapee, result);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, id, status, pc);
    return status;
  }
  if (open != NULL && open > state->scopes && result != NULL && *result != NULL) {
    // The escaped value lives in the scope around this one.
    open->escaped = true;
    struct nck_scope *around = open - 1;
    while (around > state->scopes && around->kind == NCK_SCOPE_CALLBACK)
      around--;
    *result = nck_value_tagged(*result, around->tag_bits);
    if (++around->n_handles >= around->next_look)
      nck_scope_look(state, around, id, pc);
    state->row->counters[NCK_KIND_HANDLE].created++;
  } else {
    nck_value_out(state, result, id, pc);
  }
  return status;
}

napi_status napi_open_callback_scope(napi_env env, napi_value resource_object,
                                     napi_async_context context, napi_callback_scope *result) {
  const enum nck_function_id id = NCK_FN_napi_open_callback_scope;
  NCK_ENTER(napi_open_callback_scope);
  if (state == NULL)
    return nck_real.napi_open_callback_scope(env, resource_object, context, result);
  resource_object = nck_value_in(state, resource_object, id, pc);
  struct nck_object *object;
  napi_async_context real;
  if (!nck_async_context_in(state, context, id, pc, &real, &object))
    return nck_frame_answer(napi_invalid_arg);
  NCK_BEFORE_REAL(state, id, pc);
  napi_status status = nck_real.napi_open_callback_scope(env, resource_object, real, result);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  else if (NCK_UNLIKELY(state->foreign))
    scope_opened_abroad(state);
  else
    scope_opened(state, NCK_SCOPE_CALLBACK, (void **)result, pc);
  return status;
}

napi_status napi_close_callback_scope(napi_env env, napi_callback_scope scope) {
  NCK_ENTER(napi_close_callback_scope);
  if (state == NULL)
    return nck_real.napi_close_callback_scope(env, scope);
  bool refused;
  void *real = scope_closing(state, scope, NCK_SCOPE_CALLBACK, NCK_FN_napi_close_callback_scope, pc,
                             &refused);
  if (NCK_UNLIKELY(refused))
    return nck_frame_answer(napi_callback_scope_mismatch);
  napi_status status = nck_real.napi_close_callback_scope(env, real);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, NCK_FN_napi_close_callback_scope, status, pc);
  return nck_frame_answer(status);
}
