// scope.c: nesting of scopes, tags, and the judgement of values.
#include "scope.h"

#include <string.h>

#include "finding.h"
#include "frame.h"
#include "object.h"
#include "options.h"
#include "profile.h"
#include "recorder.h"
#include "stack.h"

uint32_t nck_handle_limit = 100000;
uint32_t nck_first_look = 64;

enum { TAGS_PER_LOOK = 4096 };

// How many tags from `tag` on are in use, or are not, before the first that is otherwise.
static uint32_t run_of(const uint64_t *in_use, uint32_t tag, bool used) {
  uint32_t n = 0;
  while (n < 65536) {
    uint32_t at = (tag + n) & 0xffff;
    uint64_t other = (used ? ~in_use[at >> 6] : in_use[at >> 6]) >> (at & 63);
    if (other != 0)
      return n + (uint32_t)__builtin_ctzll(other);
    n += 64 - (at & 63);
  }
  return 65536;
}

// Tags are given out in order, so only the scopes that are open now can have one of the next 65535.
// Few are, and this is asked once in thousands of scopes.
uint32_t nck_tags_count(void) {
  // Tens of thousands of scopes in one another: some are left without before this is asked again.
  static __thread uint32_t n_without __attribute__((tls_model("initial-exec")));
  if (n_without > 0) {
    n_without--;
    return 0;
  }
  if (nck_tls.closed_scopes == NULL) {
    nck_tls.closed_scopes = nck_own_alloc(sizeof *nck_tls.closed_scopes);
    if (nck_tls.closed_scopes == NULL)
      return 0;
  }
  if (nck_tls.thread != NULL && nck_tls.next_tag - nck_tag_first(nck_tls.thread) > 65000)
    nck_tls.thread->tags_come_again = true;
  // 0 is "no tag"; 0x9ac5 to 0x9ac7 are our tokens'; 0xffff looks like a negative number.
  uint64_t in_use[65536 / 64] = {
      [0] = 1, [0x9ac5 >> 6] = 7ull << (0x9ac5 & 63), [1023] = 1ull << 63};
  if (nck_tls.thread != NULL)
    for (const struct nck_env *state = nck_tls.thread->envs; state != NULL;
         state = state->next_on_thread)
      for (const struct nck_scope *scope = state->scopes; scope <= state->top; scope++) {
        uint32_t tag = (uint32_t)(scope->tag_bits >> 48);
        in_use[tag >> 6] |= 1ull << (tag & 63);
      }
  uint32_t n_skipped = run_of(in_use, nck_tls.next_tag + 1, true);
  nck_tls.last_tag = nck_tls.next_tag += n_skipped;
  if (n_skipped < 65536) {
    uint32_t n = run_of(in_use, nck_tls.next_tag + 1, false);
    nck_env_ask_for_looks();
    return n < TAGS_PER_LOOK ? n : TAGS_PER_LOOK;
  }
  n_without = 4096;
  return 0;
}

uint16_t nck_ending_find(struct nck_closed_scopes *all, enum nck_scope_kind kind,
                         const void *opened, const void *closed) {
  uint32_t first = nck_ending_hash(opened, closed);
  for (uint32_t i = 0; i < NCK_ENDINGS / 4; i++) {
    uint32_t at = (first + i) & (NCK_ENDINGS - 1);
    struct nck_ending *ending = &all->endings[at];
    if (at == 0) // means none
      continue;
    if (ending->closed == NULL) {
      *ending = (struct nck_ending){opened, closed};
      all->kinds[at] = (uint8_t)kind;
    }
    if (ending->opened == opened && ending->closed == closed)
      return (uint16_t)at;
  }
  return 0;
}

bool nck_scopes_grow(struct nck_env *state) {
  uint32_t max = state->max_scopes == 0 ? 16 : state->max_scopes * 2;
  struct nck_scope *scopes = nck_own_alloc(max * sizeof *scopes);
  if (scopes == NULL) {
    nck_recorder_go_blind("no memory for scopes");
    return false;
  }
  struct nck_scope *former = state->scopes;
  state->scopes = scopes;
  if (former != NULL) {
    memcpy(scopes, former, state->max_scopes * sizeof *scopes);
    state->top = &scopes[state->top - former];
    for (struct nck_frame *frame = nck_tls.frame; frame != NULL; frame = frame->outer)
      if (frame->state == state && frame->scope != NULL)
        frame->scope = &scopes[frame->scope - former];
    nck_own_free(former, state->max_scopes * sizeof *scopes);
  }
  state->max_scopes = max;
  state->last = &scopes[max - 1];
  state->quick_below = NULL; // the next frame is opened with care
  return true;
}

bool nck_scopes_begin(struct nck_env *state) {
  if (!nck_scopes_grow(state))
    return false;
  state->scopes[0] = (struct nck_scope){.tag_bits = state->tagged ? nck_tag_new() : 0,
                                        .next_look = UINT32_MAX,
                                        .kind = NCK_SCOPE_OUTSIDE};
  state->top = state->scopes;
  state->top_tag_bits = state->top->tag_bits;
  return true;
}

void nck_scope_pop_to(struct nck_env *state, uint32_t depth, const void *closed) {
  while (nck_scope_count(state) > depth && state->top > state->scopes)
    nck_scope_pop(state, closed);
}

void nck_scope_remove(struct nck_env *state, uint32_t depth, const void *closed) {
  struct nck_scope removed = state->scopes[depth];
  memmove(&state->scopes[depth], &state->scopes[depth + 1],
          (nck_scope_count(state) - depth - 1) * sizeof removed);
  *state->top = removed;
  nck_scope_pop(state, closed);
}

struct nck_scope *nck_scope_from_token(struct nck_env *state, const void *token) {
  uint64_t bits = (uint64_t)(uintptr_t)token;
  if ((bits & 0xffff000000000000ull) != NCK_SCOPE_TOKEN_TAG)
    return NULL;
  uint32_t depth = bits & 0xffff;
  if (NCK_LIKELY(&state->scopes[depth] <= state->top && state->scopes[depth].token == bits))
    return &state->scopes[depth];
  // Scopes closed out of order move the others; beyond 65536 nested scopes the depth wraps.
  for (struct nck_scope *scope = state->top; scope >= state->scopes; scope--)
    if (scope->token == bits)
      return scope;
  return NULL;
}

// Another env in which a scope of that tag is open: of this thread, for certain, else of another
// one. That one may open and close scopes meanwhile: its memory stays readable, and a wrong answer
// only gives the finding its other name.
static const struct nck_env *env_with_open_tag(const struct nck_env *own, uint64_t tag_bits) {
  for (const struct nck_env *other = own->thread->envs; other != NULL;
       other = other->next_on_thread)
    if (other != own)
      for (const struct nck_scope *scope = other->scopes; scope <= other->top; scope++)
        if (scope->tag_bits == tag_bits)
          return other;
  return nck_tls.closed_scopes != NULL && nck_tls.closed_scopes->by_tag[tag_bits >> 48] != 0
             ? NULL
             : nck_env_with_open_tag(own, tag_bits);
}

static bool outlives_scopes(const struct nck_env *state, uint64_t bits) {
  napi_value raw = (napi_value)(uintptr_t)(bits & NCK_VALUE_MASK);
  for (int i = 0; i < 4; i++)
    if (raw == state->constants[i])
      return true;
  for (int i = 0; i < NCK_GLOBALS; i++)
    if (bits == (uint64_t)(uintptr_t)state->globals[i])
      return true;
  return false;
}

static const char *const scope_words[] = {"the env's outermost scope", "a callback",
                                          "a handle scope", "an escapable handle scope",
                                          "a callback scope"};

// Values that a callback returns are judged under the name of a function that takes none.
static const char *who_got(enum nck_function_id function) {
  return function == NCK_FN_napi_get_cb_info       ? "a callback returned"
         : function == NCK_FN_napi_module_register ? "a module's initialiser returned"
                                                   : nck_function_name(function);
}
static const char *got(enum nck_function_id function) {
  return function == NCK_FN_napi_get_cb_info || function == NCK_FN_napi_module_register ? ""
                                                                                        : " got";
}

static void report_stale(struct nck_env *state, uint64_t bits, enum nck_function_id function,
                         const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_STALE_HANDLE))
    return;
  uint32_t tag = (uint32_t)(bits >> 48);
  bool lives_on = outlives_scopes(state, bits);
  const struct nck_closed_scopes *all = nck_tls.closed_scopes;
  uint16_t known = all != NULL ? all->by_tag[tag] : 0;
  const void *closed = known ? all->endings[known].closed : NULL,
             *opened = known ? all->endings[known].opened : NULL;
  enum nck_scope_kind kind = known ? (enum nck_scope_kind)all->kinds[known] : NCK_SCOPE_HANDLE;
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
  if (closed != NULL) {
    event.roles[1] = NCK_ROLE_CLOSED;
    event.stacks[1] = nck_stack_single(closed, kind == NCK_SCOPE_FRAME);
  }
  if (opened != NULL && kind != NCK_SCOPE_FRAME) {
    event.roles[2] = NCK_ROLE_OPENED;
    event.stacks[2] = nck_stack_single(opened, false);
  }
  nck_finding_raise(&event,
                    "%s%s the napi_value %#llx, which was made in %s that has %s since%s: the "
                    "value may be another one by now",
                    who_got(function), got(function), (unsigned long long)(bits & NCK_VALUE_MASK),
                    known ? scope_words[kind] : "a scope",
                    known && kind == NCK_SCOPE_FRAME ? "returned" : "closed",
                    known && nck_tls.thread != NULL && nck_tls.thread->tags_come_again
                        ? " (or in another one, more than 65,000 scopes ago)"
                        : "");
}

static void report_wrong_env(struct nck_env *state, const struct nck_env *other, uint64_t bits,
                             enum nck_function_id function, const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_HANDLE_WRONG_ENV))
    return;
  // One addon calls another's native interface: no callback of that is running, so what is made
  // with its env lives in the scopes of the caller's, and what it gets does as well.
  bool is_native =
      other->thread == state->thread &&
      ((other->top == other->scopes && other->top->tag_bits == (bits & ~NCK_VALUE_MASK)) ||
       (nck_tls.frame != NULL && nck_tls.frame->state == other));
  struct nck_event event = {
      .kind = NCK_FINDING_HANDLE_WRONG_ENV,
      .severity = is_native ? NCK_SEVERITY_WARNING : 0,
      .reason = is_native ? "one addon called the other natively, and the value lives as long as "
                            "the scopes of the callback that runs; no documentation promises that "
                            "it may be used so"
                          : NULL,
      .function = function,
      .state = state,
      .roles = {NCK_ROLE_USED, NCK_ROLE_BIRTH},
      .stacks = {nck_finding_stack(pc), other->row->birth_stack}};
  nck_finding_raise(&event,
                    "%s%s the napi_value %#llx with env %u, but the value was made with env %u",
                    who_got(function), got(function), (unsigned long long)(bits & NCK_VALUE_MASK),
                    state->index, other->index);
}

// What is no value at all, but a reference or a scope of ours.
static void report_token(struct nck_env *state, uint64_t bits, enum nck_function_id function,
                         const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_STALE_HANDLE))
    return;
  struct nck_event event = {.kind = NCK_FINDING_STALE_HANDLE,
                            .function = function,
                            .state = state,
                            .roles = {NCK_ROLE_USED},
                            .stacks = {nck_finding_stack(pc)}};
  nck_finding_raise(&event, "%s%s %#llx as a napi_value, which is a %s; the runtime gets none",
                    who_got(function), got(function), (unsigned long long)bits,
                    (bits & ~NCK_VALUE_MASK) == NCK_SCOPE_TOKEN_TAG
                        ? "scope"
                        : "reference, or another object that Node-API gave out");
}

napi_value nck_value_in_slow(struct nck_env *state, napi_value value, enum nck_function_id function,
                             const void *pc) {
  uint64_t bits = (uint64_t)(uintptr_t)value, tag_bits = bits & ~NCK_VALUE_MASK;
  napi_value raw = (napi_value)(uintptr_t)(bits & NCK_VALUE_MASK);
  if (state->foreign || tag_bits == 0)
    return raw;
  for (const struct nck_scope *scope = state->top; scope >= state->scopes; scope--)
    if (scope->tag_bits == tag_bits)
      return raw;
  if (tag_bits == NCK_TOKEN_TAG || tag_bits == NCK_SCOPE_TOKEN_TAG) {
    report_token(state, bits, function, pc);
    return NULL;
  }
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
    if ((copy[i] = nck_value_in(state, values[i], function, pc)) == NULL && values[i] != NULL)
      copy[i] = state->constants[0]; // no runtime expects NULL among them
}

const napi_value *nck_values_borrow(struct nck_values *room, struct nck_env *state,
                                    const napi_value *values, size_t count,
                                    enum nck_function_id function, const void *pc) {
  if (count > INT32_MAX) // Node takes the lower half
    count = (uint32_t)count;
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

void nck_scope_tell(const struct nck_scope *scope) {
  if (nck_tls.frame != NULL)
    nck_profile_note_peak(nck_tls.frame->user_cb, scope->n_handles, scope->made_by);
}

void nck_scope_look(struct nck_env *state, struct nck_scope *scope, enum nck_function_id function,
                    const void *pc) {
  uint32_t n_handles = scope->n_handles;
  // What is made outside any callback and scope is freed by somebody else, at a time of his.
  if (state->foreign || scope == state->scopes)
    return;
  scope->made_by = pc;
  scope->noted = true;
  uint32_t twice = n_handles <= UINT32_MAX / 2 ? n_handles * 2 : UINT32_MAX;
  scope->next_look =
      n_handles < nck_handle_limit && twice > nck_handle_limit ? nck_handle_limit : twice;
  if (n_handles < nck_handle_limit || scope->limit_said)
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
  nck_finding_raise(&event, "%u handles are alive in %s; the last was made by %s", n_handles,
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
                            .roles = {NCK_ROLE_USED},
                            .stacks = {nck_finding_stack(pc)},
                            .reason = "Node stops the process on it, unless somebody else has a "
                                      "scope open around the call, which frees the handle; Bun "
                                      "and Deno let it pass",
                            .no_js = true};
  nck_finding_raise(&event,
                    "%s makes a handle outside any callback of Node-API and any handle scope",
                    nck_function_name(function));
}
