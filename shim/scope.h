// scope.h: nesting of scopes, and the tags that tie a napi_value to the scope it was made in.
#ifndef NAPICHECK_SHIM_SCOPE_H
#define NAPICHECK_SHIM_SCOPE_H

#include "env.h"

#define NCK_VALUE_MASK 0xffffffffffffull

// Scope tokens: what an addon holds as napi_handle_scope, napi_escapable_handle_scope or
// napi_callback_scope.
#define NCK_SCOPE_TOKEN_TAG 0x9ac6000000000000ull

// What is remembered of closed scopes: who opened and who closed the last one of each tag. Most are
// opened and closed at few places, so a tag costs two bytes, the number of an ending, and a scope
// that closes touches little memory.
#define NCK_ENDINGS 4096 // a power of two
struct nck_ending {
  const void *opened, *closed; // a return address; for a frame, the callback
};
struct nck_closed_scopes {
  uint16_t by_tag[65536]; // 0: none of that tag has closed, or there were too many endings
  uint8_t kinds[NCK_ENDINGS];
  struct nck_ending endings[NCK_ENDINGS];
};

// The number of an ending that is not where it is looked for first.
uint16_t nck_ending_find(struct nck_closed_scopes *all, enum nck_scope_kind kind,
                         const void *opened, const void *closed);

static inline uint32_t nck_ending_hash(const void *opened, const void *closed) {
  uint64_t mixed = (uintptr_t)opened + 3 * (uintptr_t)closed;
  return (uint32_t)(mixed * 0x9e3779b97f4a7c15ull >> 40) & (NCK_ENDINGS - 1);
}

extern uint32_t nck_handle_limit;
// The profile names the call that made the handles of scopes with so many.
extern uint32_t nck_first_look;

// Tells the profile of a scope with many handles, which is about to close.
void nck_scope_tell(const struct nck_scope *scope);

// Makes room for more scopes. False: there is none (the tool went blind).
bool nck_scopes_grow(struct nck_env *state);

// Counts the tags after the last one that no open scope has. 0 when all are in use.
uint32_t nck_tags_count(void);

// A tag that no open scope of this thread has, as the upper 16 bits. 0: there is none.
static inline uint64_t nck_tag_new(void) {
  if (NCK_UNLIKELY(nck_tls.n_tags == 0) && (nck_tls.n_tags = nck_tags_count()) == 0)
    return 0;
  nck_tls.n_tags--;
  return (uint64_t)++nck_tls.next_tag << 48;
}

// Pushes a scope; returns it. NULL when there is no memory (the tool went blind).
static inline struct nck_scope *nck_scope_push(struct nck_env *state, enum nck_scope_kind kind,
                                               void *real, const void *pc) {
  if (NCK_UNLIKELY(state->n_scopes == state->max_scopes) && !nck_scopes_grow(state))
    return NULL;
  struct nck_scope *scope = &state->scopes[state->n_scopes++];
  uint64_t tag_bits = state->tagged ? nck_tag_new() : 0;
  scope->tag_bits = tag_bits;
  scope->real = real;
  scope->pc = pc;
  // With a serial number that tells it from an earlier scope of the same depth. Frames have none.
  scope->token = kind == NCK_SCOPE_FRAME || kind == NCK_SCOPE_OUTSIDE
                     ? 0
                     : NCK_SCOPE_TOKEN_TAG | (uint64_t)++state->next_serial << 16 |
                           ((state->n_scopes - 1) & 0xffff);
  scope->n_handles = 0;
  scope->next_look = kind == NCK_SCOPE_OUTSIDE ? UINT32_MAX : nck_first_look;
  scope->kind = (uint8_t)kind;
  scope->escaped = false;
  scope->limit_said = false;
  scope->noted = false;
  scope->closed_abroad = false;
  state->top = scope;
  state->top_tag_bits = tag_bits;
  return scope;
}

// Pops the innermost scope; `closed` is who closed it: a return address, or the callback that
// returned. `ending` is the number of its ending where that is known, else 0.
static inline void nck_scope_pop_known(struct nck_env *state, const void *closed, uint32_t ending) {
  struct nck_scope *scope = state->top;
  struct nck_closed_scopes *all = nck_tls.closed_scopes;
  if (NCK_LIKELY(all != NULL)) {
    if (ending == 0) {
      ending = nck_ending_hash(scope->pc, closed);
      if (NCK_UNLIKELY(all->endings[ending].opened != scope->pc ||
                       all->endings[ending].closed != closed))
        ending = nck_ending_find(all, (enum nck_scope_kind)scope->kind, scope->pc, closed);
    }
    all->by_tag[scope->tag_bits >> 48] = (uint16_t)ending;
  }
  if (NCK_UNLIKELY(scope->noted))
    nck_scope_tell(scope);
  state->n_scopes--;
  state->top = scope - 1;
  state->top_tag_bits = scope[-1].tag_bits;
}

static inline void nck_scope_pop(struct nck_env *state, const void *closed) {
  nck_scope_pop_known(state, closed, 0);
}

// Pops scopes until `depth` are left.
void nck_scope_pop_to(struct nck_env *state, uint32_t depth, const void *closed);

// Takes the scope at `depth` out from among others that stay open (scopes closed out of order).
void nck_scope_remove(struct nck_env *state, uint32_t depth, const void *closed);

// A callback scope holds no handles: what is made in it lives in the scope around it.
static inline void nck_scope_share_tag(struct nck_env *state, uint32_t depth) {
  state->scopes[depth].tag_bits = state->scopes[depth - 1].tag_bits;
  state->top_tag_bits = state->top->tag_bits;
}

// The open scope of a token, NULL when it is not open (any more).
struct nck_scope *nck_scope_from_token(struct nck_env *state, const void *token);

// A value whose tag is not that of the innermost scope: walks up, judges. Returns what the runtime
// gets.
napi_value nck_value_in_slow(struct nck_env *state, napi_value value, enum nck_function_id function,
                             const void *pc);

// A handle that asks for a look: the scope has many, or too many (handle_limit).
void nck_scope_look(struct nck_env *state, enum nck_function_id function, const void *pc);

// A call outside any callback and any scope is about to make a handle.
void nck_scope_outside(struct nck_env *state, enum nck_function_id function, const void *pc);

static inline napi_value nck_value_in(struct nck_env *state, napi_value value,
                                      enum nck_function_id function, const void *pc) {
  uint64_t bits = (uint64_t)(uintptr_t)value;
  if (NCK_LIKELY((bits & ~NCK_VALUE_MASK) == state->top_tag_bits))
    return (napi_value)(uintptr_t)(bits & NCK_VALUE_MASK);
  if (!state->tagged || value == NULL)
    return value;
  return nck_value_in_slow(state, value, function, pc);
}

// Tags *result after a successful call.
static inline void nck_value_out(struct nck_env *state, napi_value *result,
                                 enum nck_function_id function, const void *pc) {
  if (result == NULL || *result == NULL)
    return;
  *result = (napi_value)(uintptr_t)((uint64_t)(uintptr_t)*result | state->top_tag_bits);
  state->row->counters[NCK_KIND_HANDLE].created++;
  if (NCK_UNLIKELY(++state->top->n_handles >= state->top->next_look))
    nck_scope_look(state, function, pc);
}

// Arrays: copies `count` values without their tags into `copy`.
void nck_values_in(struct nck_env *state, const napi_value *values, napi_value *copy, size_t count,
                   enum nck_function_id function, const void *pc);

// Room for the copy of an array: on the stack when small, in our own memory otherwise.
#define NCK_VALUES_ON_STACK 32
struct nck_values {
  napi_value local[NCK_VALUES_ON_STACK];
  napi_value *values;
  size_t count;
};
const napi_value *nck_values_borrow(struct nck_values *room, struct nck_env *state,
                                    const napi_value *values, size_t count,
                                    enum nck_function_id function, const void *pc);
void nck_values_return(struct nck_values *room);

#endif
