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

// How many scopes are open.
static inline uint32_t nck_scope_count(const struct nck_env *state) {
  return (uint32_t)(state->top - state->scopes) + 1;
}

// The number of an ending that is not where it is looked for first.
uint16_t nck_ending_find(struct nck_closed_scopes *all, enum nck_scope_kind kind,
                         const void *opened, const void *closed);

static inline uint32_t nck_ending_hash(const void *opened, const void *closed) {
  uint64_t mixed = (uintptr_t)opened + 3 * (uintptr_t)closed;
  return (uint32_t)(mixed * 0x9e3779b97f4a7c15ull >> 40) & (NCK_ENDINGS - 1);
}

extern uint32_t nck_handle_limit;
// The profile names the call that made the handles of scopes with so many.
extern uint32_t nck_first_look NCK_HIDDEN_DATA;

// Tells the profile of a scope with many handles, which is about to close.
void nck_scope_tell(const struct nck_scope *scope);

// Opens a new env's outermost scope. False: there is no memory (the tool went blind).
bool nck_scopes_begin(struct nck_env *state);

// Makes room for more scopes. False: there is none (the tool went blind).
bool nck_scopes_grow(struct nck_env *state);

// Counts the tags after the last one that no open scope has, up to a number of them after which
// frames are to be opened with care once. 0 when all are in use.
uint32_t nck_tags_count(void);

// Where there is one, and it has been counted.
static inline uint64_t nck_tag_next(void) { return (uint64_t)++nck_tls.next_tag << 48; }

// A tag that no open scope of this thread has, as the upper 16 bits. 0: there is none.
static inline uint64_t nck_tag_new(void) {
  if (NCK_UNLIKELY(nck_tls.next_tag == nck_tls.last_tag)) {
    uint32_t n = nck_tags_count();
    if (n == 0)
      return 0;
    nck_tls.last_tag = nck_tls.next_tag + n;
  }
  return nck_tag_next();
}

// Pushes a scope that has no token, where there is room for one.
static inline struct nck_scope *nck_scope_enter(struct nck_env *state, enum nck_scope_kind kind,
                                                const void *pc, uint64_t tag_bits) {
  struct nck_scope *scope = state->top + 1;
  scope->tag_bits = tag_bits;
  scope->pc = pc;
  scope->n_handles = 0;
  scope->next_look = nck_first_look;
  scope->flags = 0;
  scope->kind = (uint8_t)kind;
  state->top = scope;
  state->top_tag_bits = tag_bits;
  return scope;
}

// The same; NULL when there is no memory (the tool went blind).
static inline struct nck_scope *nck_scope_push_bare(struct nck_env *state, enum nck_scope_kind kind,
                                                    const void *pc) {
  if (NCK_UNLIKELY(state->top == state->last) && !nck_scopes_grow(state))
    return NULL;
  return nck_scope_enter(state, kind, pc, state->tagged ? nck_tag_new() : 0);
}

// Pushes a scope of the addon's own.
static inline struct nck_scope *nck_scope_push(struct nck_env *state, enum nck_scope_kind kind,
                                               void *real, const void *pc) {
  struct nck_scope *scope = nck_scope_push_bare(state, kind, pc);
  if (NCK_UNLIKELY(scope == NULL))
    return NULL;
  scope->real = real;
  // With a serial number that tells it from an earlier scope of the same depth.
  scope->token = NCK_SCOPE_TOKEN_TAG | (uint64_t)++state->next_serial << 16 |
                 ((scope - state->scopes) & 0xffff);
  return scope;
}

// Takes the innermost scope away.
static inline void nck_scope_drop(struct nck_env *state) {
  struct nck_scope *scope = state->top;
  state->top = scope - 1;
  state->top_tag_bits = scope[-1].tag_bits;
}

// Pops the innermost scope, which has no token; `closed` is who closed it: a return address, or the
// callback that returned.
static inline void nck_scope_pop_bare(struct nck_env *state, const void *closed) {
  const struct nck_scope *scope = state->top;
  struct nck_closed_scopes *all = nck_tls.closed_scopes;
  if (NCK_LIKELY(all != NULL)) {
    uint32_t ending = nck_ending_hash(scope->pc, closed);
    if (NCK_UNLIKELY(all->endings[ending].opened != scope->pc ||
                     all->endings[ending].closed != closed))
      ending = nck_ending_find(all, (enum nck_scope_kind)scope->kind, scope->pc, closed);
    all->by_tag[scope->tag_bits >> 48] = (uint16_t)ending;
  }
  if (NCK_UNLIKELY(scope->noted))
    nck_scope_tell(scope);
  nck_scope_drop(state);
}

static inline void nck_scope_pop(struct nck_env *state, const void *closed) {
  state->top->token = 0;
  nck_scope_pop_bare(state, closed);
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
void nck_scope_look(struct nck_env *state, struct nck_scope *scope, enum nck_function_id function,
                    const void *pc);

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

static inline napi_value nck_value_tagged(napi_value value, uint64_t tag_bits) {
  return (napi_value)(uintptr_t)((uint64_t)(uintptr_t)value | tag_bits);
}

// Tags *result after a successful call.
static inline void nck_value_out(struct nck_env *state, napi_value *result,
                                 enum nck_function_id function, const void *pc) {
  if (result == NULL || *result == NULL)
    return;
  *result = nck_value_tagged(*result, state->top_tag_bits);
  state->row->counters[NCK_KIND_HANDLE].created++;
  if (NCK_UNLIKELY(++state->top->n_handles >= state->top->next_look))
    nck_scope_look(state, state->top, function, pc);
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
