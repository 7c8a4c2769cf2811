// scope.c: nesting of scopes, tags, and the judgement of values.
#include "scope.h"

#include <string.h>

#include "finding.h"
#include "frame.h"
#include "object.h"
#include "options.h"
#include "recorder.h"
#include "stack.h"

uint32_t nck_handle_limit = 100000;

enum { CLOSED_SCOPES = 4096, TAG_MAP_BYTES = 65536 / 8 };

// What is remembered of closed scopes, for the explanation of stale handles: the last one of each
// slot.
struct closed_scope {
  uint16_t tag;
  uint8_t kind;
  const void *opened, *closed; // return addresses; for a frame, the addon's callback
};
static __thread struct closed_scope *closed_scopes __attribute__((tls_model("initial-exec")));

static uint64_t tag_new(void) {
  if (nck_tls.tag_map == NULL) {
    nck_tls.tag_map = nck_own_alloc(TAG_MAP_BYTES);
    if (nck_tls.tag_map == NULL)
      return 0;
    memset(nck_tls.tag_map, 0, TAG_MAP_BYTES);
  }
  for (int i = 0; i < 65536; i++) {
    uint32_t tag = ++nck_tls.next_tag & 0xffff;
    // 0 is "no tag"; 0x9ac5 to 0x9ac7 are our tokens'; 0xffff looks like a negative number.
    if (tag == 0 || tag == 0xffff || (tag >= 0x9ac5 && tag <= 0x9ac7) ||
        nck_tls.tag_map[tag >> 6] & 1ull << (tag & 63))
      continue;
    nck_tls.tag_map[tag >> 6] |= 1ull << (tag & 63);
    return (uint64_t)tag << 48;
  }
  return 0;
}

static void tag_free(const struct nck_scope *scope, const void *closed) {
  uint32_t tag = (uint32_t)(scope->tag_bits >> 48);
  if (tag == 0 || nck_tls.tag_map == NULL)
    return;
  nck_tls.tag_map[tag >> 6] &= ~(1ull << (tag & 63));
  if (closed_scopes == NULL) {
    closed_scopes = nck_own_alloc(CLOSED_SCOPES * sizeof *closed_scopes);
    if (closed_scopes == NULL)
      return;
    memset(closed_scopes, 0, CLOSED_SCOPES * sizeof *closed_scopes);
  }
  struct closed_scope *entry = &closed_scopes[tag % CLOSED_SCOPES];
  entry->tag = (uint16_t)tag;
  entry->kind = scope->kind;
  entry->opened = scope->pc;
  entry->closed = closed;
}

static bool scopes_grow(struct nck_env *state) {
  uint32_t max = state->max_scopes == 0 ? 16 : state->max_scopes * 2;
  struct nck_scope *scopes = nck_own_alloc(max * sizeof *scopes);
  if (scopes == NULL) {
    nck_recorder_go_blind("no memory for scopes");
    return false;
  }
  if (state->scopes != NULL) {
    memcpy(scopes, state->scopes, state->n_scopes * sizeof *scopes);
    nck_own_free(state->scopes, state->max_scopes * sizeof *scopes);
  }
  state->scopes = scopes;
  state->max_scopes = max;
  return true;
}

struct nck_scope *nck_scope_push(struct nck_env *state, enum nck_scope_kind kind, void *real,
                                 const void *pc) {
  if (NCK_UNLIKELY(state->n_scopes == state->max_scopes) && !scopes_grow(state))
    return NULL;
  struct nck_scope *scope = &state->scopes[state->n_scopes++];
  scope->tag_bits = state->tagged ? tag_new() : 0;
  scope->real = real;
  scope->pc = pc;
  scope->serial = ++state->next_serial;
  scope->n_handles = 0;
  scope->kind = (uint8_t)kind;
  scope->escaped = false;
  scope->limit_said = false;
  state->top = scope;
  state->top_tag_bits = scope->tag_bits;
  return scope;
}

static void scope_pop(struct nck_env *state, const void *closed) {
  struct nck_scope *scope = &state->scopes[--state->n_scopes];
  if (scope->tag_bits != 0)
    tag_free(scope, closed);
  state->top = scope - 1;
  state->top_tag_bits = state->top->tag_bits;
}

void nck_scope_pop(struct nck_env *state, const void *closed) { scope_pop(state, closed); }

void nck_scope_pop_to(struct nck_env *state, uint32_t depth, const void *closed) {
  while (state->n_scopes > depth && state->n_scopes > 1)
    scope_pop(state, closed);
}

void nck_scope_remove(struct nck_env *state, uint32_t depth, const void *closed) {
  struct nck_scope removed = state->scopes[depth];
  memmove(&state->scopes[depth], &state->scopes[depth + 1],
          (state->n_scopes - depth - 1) * sizeof removed);
  state->scopes[state->n_scopes - 1] = removed;
  scope_pop(state, closed);
}

struct nck_scope *nck_scope_from_token(struct nck_env *state, const void *token) {
  uint64_t bits = (uint64_t)(uintptr_t)token;
  if ((bits & 0xffff000000000000ull) != NCK_SCOPE_TOKEN_TAG)
    return NULL;
  uint32_t depth = bits & 0xffff, serial = (uint32_t)(bits >> 16);
  if (NCK_LIKELY(depth < state->n_scopes && state->scopes[depth].serial == serial))
    return &state->scopes[depth];
  // Scopes closed out of order move the others; beyond 65536 nested scopes the depth wraps.
  for (uint32_t i = state->n_scopes; i-- > 0;)
    if (state->scopes[i].serial == serial)
      return &state->scopes[i];
  return NULL;
}

static const struct nck_env *env_with_open_tag(const struct nck_env *own, uint64_t tag_bits) {
  for (const struct nck_env *other = own->thread->envs; other != NULL;
       other = other->next_on_thread)
    if (other != own)
      for (uint32_t i = 0; i < other->n_scopes; i++)
        if (other->scopes[i].tag_bits == tag_bits)
          return other;
  return NULL;
}

static bool outlives_scopes(const struct nck_env *state, uint64_t bits) {
  napi_value raw = (napi_value)(uintptr_t)(bits & NCK_VALUE_MASK);
  for (int i = 0; i < 4; i++)
    if (raw == state->constants[i] || bits == (uint64_t)(uintptr_t)state->globals[i])
      return true;
  return false;
}

static const char *const scope_words[] = {"the env's outermost scope", "a callback",
                                          "a handle scope", "an escapable handle scope",
                                          "a callback scope"};

static void report_stale(struct nck_env *state, uint64_t bits, enum nck_function_id function,
                         const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_STALE_HANDLE))
    return;
  uint32_t tag = (uint32_t)(bits >> 48);
  bool lives_on = outlives_scopes(state, bits);
  const struct closed_scope *closed =
      closed_scopes != NULL ? &closed_scopes[tag % CLOSED_SCOPES] : NULL;
  if (closed != NULL && closed->tag != tag)
    closed = NULL;
  struct nck_event event = {
      .kind = NCK_FINDING_STALE_HANDLE,
      .severity = lives_on ? NCK_SEVERITY_WARNING : NCK_SEVERITY_ERROR,
      .function = function,
      .state = state,
      .roles = {NCK_ROLE_USED},
      .stacks = {nck_finding_stack(pc)},
      // A JavaScript stack needs handles: they would overwrite the very slot that the addon counts
      // on.
      .no_js = true,
      .reason = lives_on ? "undefined, null, the booleans and the global object live on after "
                           "their scope on today's runtimes"
                         : NULL,
  };
  if (closed != NULL && closed->closed != NULL) {
    event.roles[1] = NCK_ROLE_CLOSED;
    event.stacks[1] = nck_stack_single(closed->closed, closed->kind == NCK_SCOPE_FRAME);
  }
  if (closed != NULL && closed->opened != NULL && closed->kind != NCK_SCOPE_FRAME) {
    event.roles[2] = NCK_ROLE_OPENED;
    event.stacks[2] = nck_stack_single(closed->opened, false);
  }
  nck_finding_raise(&event,
                    "%s%s got the napi_value %#llx, which was made in %s that has %s since: the "
                    "value may be another one by now",
                    nck_function_name(function),
                    function == NCK_FN_napi_get_cb_info ? " (a callback's return value)" : "",
                    (unsigned long long)(bits & NCK_VALUE_MASK),
                    closed != NULL ? scope_words[closed->kind] : "a scope",
                    closed != NULL && closed->kind == NCK_SCOPE_FRAME ? "returned" : "closed");
}

static void report_wrong_env(struct nck_env *state, const struct nck_env *other, uint64_t bits,
                             enum nck_function_id function, const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_HANDLE_WRONG_ENV))
    return;
  struct nck_event event = {.kind = NCK_FINDING_HANDLE_WRONG_ENV,
                            .function = function,
                            .state = state,
                            .roles = {NCK_ROLE_USED, NCK_ROLE_BIRTH},
                            .stacks = {nck_finding_stack(pc), other->row->birth_stack}};
  nck_finding_raise(&event,
                    "%s got the napi_value %#llx with env %u, but the value was made with env %u",
                    nck_function_name(function), (unsigned long long)(bits & NCK_VALUE_MASK),
                    state->index, other->index);
}

napi_value nck_value_in_slow(struct nck_env *state, napi_value value, enum nck_function_id function,
                             const void *pc) {
  uint64_t bits = (uint64_t)(uintptr_t)value, tag_bits = bits & ~NCK_VALUE_MASK;
  napi_value raw = (napi_value)(uintptr_t)(bits & NCK_VALUE_MASK);
  if (state->foreign || tag_bits == 0)
    return raw;
  for (uint32_t i = state->n_scopes; i-- > 0;)
    if (state->scopes[i].tag_bits == tag_bits)
      return raw;
  const struct nck_env *other = env_with_open_tag(state, tag_bits);
  if (other != NULL)
    report_wrong_env(state, other, bits, function, pc);
  else
    report_stale(state, bits, function, pc);
  return raw;
}

void nck_values_in(struct nck_env *state, const napi_value *values, napi_value *copy, size_t count,
                   enum nck_function_id function, const void *pc) {
  for (size_t i = 0; i < count; i++)
    copy[i] = nck_value_in(state, values[i], function, pc);
}

const napi_value *nck_values_borrow(struct nck_values *room, struct nck_env *state,
                                    const napi_value *values, size_t count,
                                    enum nck_function_id function, const void *pc) {
  room->values = NULL;
  room->count = count;
  if (values == NULL || count == 0 || !state->tagged)
    return values;
  napi_value *copy = room->local;
  if (count > NCK_VALUES_ON_STACK) {
    copy = room->values = nck_own_alloc(count * sizeof *copy);
    if (copy == NULL) {
      // The runtime has to get plain values: without room there is nothing to forward.
      nck_recorder_go_blind("no memory for an array of values");
      return NULL;
    }
  }
  nck_values_in(state, values, copy, count, function, pc);
  return copy;
}

void nck_values_return(struct nck_values *room) {
  if (room->values != NULL)
    nck_own_free(room->values, room->count * sizeof *room->values);
}

void nck_scope_over_limit(struct nck_env *state, enum nck_function_id function, const void *pc) {
  struct nck_scope *scope = state->top;
  if (scope->limit_said || state->foreign)
    return;
  scope->limit_said = true;
  if (!nck_finding_wanted(NCK_FINDING_HANDLE_GROWTH))
    return;
  struct nck_event event = {.kind = NCK_FINDING_HANDLE_GROWTH,
                            .function = function,
                            .state = state,
                            .roles = {NCK_ROLE_CREATED},
                            .stacks = {nck_finding_stack(pc)}};
  if (scope->pc != NULL) {
    event.roles[1] = NCK_ROLE_OPENED;
    event.stacks[1] = nck_stack_single(scope->pc, scope->kind == NCK_SCOPE_FRAME);
  }
  nck_finding_raise(&event, "%u handles are alive in %s; the last was made by %s", scope->n_handles,
                    scope_words[scope->kind], nck_function_name(function));
}

void nck_scope_outside(struct nck_env *state, enum nck_function_id function, const void *pc) {
  // Another env's callback may be running around this call: then its scope frees the handle.
  if (nck_tls.frame != NULL || state->scopes[0].limit_said || state->foreign ||
      state->state != NCK_ENV_ALIVE || !nck_finding_wanted(NCK_FINDING_HANDLE_OUTSIDE_SCOPE))
    return;
  struct nck_event event = {.kind = NCK_FINDING_HANDLE_OUTSIDE_SCOPE,
                            .function = function,
                            .state = state,
                            .roles = {NCK_ROLE_CREATED},
                            .stacks = {nck_finding_stack(pc)},
                            .reason = "the runtime happened to have a scope of its own open; its "
                                      "handles live until the env ends",
                            .no_js = true};
  nck_finding_raise(&event,
                    "%s made a handle outside any callback of Node-API and any handle scope",
                    nck_function_name(function));
}
