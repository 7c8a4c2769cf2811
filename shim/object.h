// object.h: tokens and the table of live objects.
//
// What an addon receives as napi_ref, napi_deferred, napi_async_work, napi_threadsafe_function,
// napi_async_context or napi_async_cleanup_hook_handle is a token: 16 tag bits that make it
// non-canonical, a generation (18 bits), a slot (26 bits: the object's row in the record), four low
// bits zero, because addons keep flags there. Decoding is one array access and one compare; a
// slot's generation changes when it is used again, and a slot whose generations are used up is
// never used again, so a stale token is always recognised.
#ifndef NAPICHECK_SHIM_OBJECT_H
#define NAPICHECK_SHIM_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "api.h"
#include "env.h"
#include "recorder.h"

#define NCK_TOKEN_TAG 0x9ac5000000000000ull
#define NCK_TOKEN_TAG_MASK 0xffff000000000000ull
#define NCK_TOKEN_LOW_MASK 0xfull
#define NCK_TOKEN_SLOT_BITS 26
#define NCK_TOKEN_GENERATION_BITS 18
#define NCK_TOKEN_MAX_SLOT ((1u << NCK_TOKEN_SLOT_BITS) - 1)
#define NCK_TOKEN_MAX_GENERATION ((1u << NCK_TOKEN_GENERATION_BITS) - 1)

static inline bool nck_token_is_tagged(uint64_t word) {
  return (word & NCK_TOKEN_TAG_MASK) == NCK_TOKEN_TAG;
}
// May one of the eight words at an address that is a multiple of 16 be tagged? Never a wrong no.
static inline bool nck_token_may_be_in(const void *words) {
  typedef uint16_t tags __attribute__((vector_size(16), may_alias));
  typedef uint64_t halves __attribute__((vector_size(16)));
  const uint16_t t = NCK_TOKEN_TAG >> 48;
  const tags tag = {t, t, t, t, t, t, t, t}, *v = (const tags *)words;
  halves any = (halves)((v[0] == tag) | (v[1] == tag) | (v[2] == tag) | (v[3] == tag));
  return (any[0] | any[1]) >> 48 != 0;
}
// The same for fewer than eight.
static inline bool nck_token_may_be_in_rest(const void *words, size_t n) {
  typedef uint16_t tags __attribute__((vector_size(16), may_alias));
  typedef uint64_t halves __attribute__((vector_size(16), may_alias));
  const uint16_t t = NCK_TOKEN_TAG >> 48;
  const tags tag = {t, t, t, t, t, t, t, t}, *v = (const tags *)words;
  tags any = {0};
  for (; n >= 2; n -= 2)
    any |= *v++ == tag;
  halves sum = (halves)any;
  return (sum[0] | sum[1]) >> 48 != 0 || (n > 0 && nck_token_is_tagged(*(const uint64_t *)v));
}
static inline uint32_t nck_token_slot(uint64_t token) {
  return (uint32_t)(token >> 4) & NCK_TOKEN_MAX_SLOT;
}
static inline uint32_t nck_token_generation(uint64_t token) {
  return (uint32_t)(token >> (4 + NCK_TOKEN_SLOT_BITS)) & NCK_TOKEN_MAX_GENERATION;
}
static inline uint64_t nck_token_make(uint32_t slot, uint32_t generation) {
  return NCK_TOKEN_TAG | (uint64_t)generation << (4 + NCK_TOKEN_SLOT_BITS) | (uint64_t)slot << 4;
}

enum {
  // Released slots that wait before the first of them is used again, so that a late use can be
  // explained.
  NCK_QUARANTINE = 16384
};

struct nck_event;

// Makes an object row for the runtime's handle `real` and returns its token, or `real` itself when
// blind. `function` made it, called from `pc`. The env's own thread only.
void *nck_object_new(struct nck_env *state, enum nck_object_kind kind, void *real, uint32_t count,
                     int function, const void *pc, uint32_t flags);

// The same for an object whose stack was captured before.
void *nck_object_new_at(struct nck_env *state, enum nck_object_kind kind, void *real,
                        uint32_t count, int function, uint32_t stack, uint32_t flags);

// The second half of a row's head, which says that it is live: all of it becomes visible at once.
struct nck_object_head {
  uint32_t generation;
  uint8_t kind, state;
  uint16_t flags;
};
_Static_assert(offsetof(struct nck_object, flags) - offsetof(struct nck_object, generation) ==
                   offsetof(struct nck_object_head, flags),
               "as it stands in the row");

static inline void nck_object_come_alive(struct nck_object *object, struct nck_object_head head) {
  typedef uint64_t word __attribute__((may_alias));
  word bits;
  memcpy(&bits, &head, sizeof bits);
  __atomic_store_n((word *)(void *)&object->generation, bits, __ATOMIC_RELEASE);
}

// All of a row but its head.
static inline void nck_object_fill(struct nck_object *object, const struct nck_env *state,
                                   const void *real, uint32_t count, uint32_t site, uint32_t ms) {
  object->real = (uint64_t)(uintptr_t)real;
  __atomic_store_n(&object->env, state->index, __ATOMIC_RELAXED); // others look through all rows
  object->site = site;
  object->end_stack = 0;
  object->last_stack = 0;
  object->count = count;
  object->created_ms = ms;
  object->next = 0;
  object->value_type = 0;
  object->evidence = NCK_EVIDENCE_NONE;
  object->held_module = 0;
  object->held_offset = 0;
  object->data = 0;
}

struct nck_known_stack;

// The key of a known stack at which napi_create_reference was called; where a reference is deleted,
// the key is its site's number.
#define NCK_KNOWN_REFERENCE (0x80000000u | NCK_FN_napi_create_reference)

// What napi_create_reference does at a known stack with the reference that the runtime made, and
// napi_delete_reference with one that no finalizer belongs to. The first returns napi_ok. The env's
// own thread only.
napi_status nck_object_new_reference(struct nck_env *state, napi_ref *reference, uint32_t count,
                                     struct nck_known_stack *known);
void nck_object_drop_reference(struct nck_env *state, struct nck_object *object,
                               struct nck_known_stack *known);

// The live object of that kind that a word is the token of; NULL: it is none.
static inline struct nck_object *nck_object_live(const void *word, enum nck_object_kind kind) {
  uint64_t bits = (uint64_t)(uintptr_t)word;
  uint32_t slot = nck_token_slot(bits);
  // Row 0 is none, and there is no memory behind it until another is in use.
  if (slot == 0 ||
      slot >= __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_OBJECT], __ATOMIC_RELAXED))
    return NULL;
  struct nck_object *object = &nck_recorder.objects[slot];
  // Its upper bits are the generation and nothing else, where the word is tagged.
  return __atomic_load_n(&object->state, __ATOMIC_ACQUIRE) == NCK_OBJECT_LIVE &&
                 (bits ^ NCK_TOKEN_TAG) >> (4 + NCK_TOKEN_SLOT_BITS) == object->generation &&
                 (bits & NCK_TOKEN_LOW_MASK) == 0 && object->kind == kind
             ? object
             : NULL;
}

// What a word that an addon passes as a handle of some kind is.
enum nck_word {
  NCK_WORD_LIVE,  // a live object of that kind: *object
  NCK_WORD_DEAD,  // was released; *object still tells about it when its slot was not used again,
                  // else NULL
  NCK_WORD_OTHER, // a live object of another kind
  NCK_WORD_RAW,   // no token of ours
  NCK_WORD_NULL
};
enum nck_word nck_object_decode(const void *word, enum nck_object_kind kind,
                                struct nck_object **object);

// Releases: the token is dead from here on. `verb` says how (enum nck_fate_verb). On the env's own
// thread the slot is queued for use again; elsewhere it is retired.
void nck_object_drop(struct nck_env *state, struct nck_object *object, uint32_t end_stack,
                     int verb);

// A release that the runtime refused: the object lives on. Right after nck_object_drop, on the
// env's own thread.
void nck_object_revive(struct nck_env *state, struct nck_object *object);

// The token of a live object.
void *nck_object_token(const struct nck_object *object);

// Notes a ref/unref/acquire ... at `stack`.
void nck_object_touch(struct nck_object *object, uint32_t stack, int verb);

// When an env ends: its live objects are marked, its free slots are handed back.
void nck_object_env_ended(struct nck_env *state);

// A thread of envs has ended. True when it lost objects of a site of which that was not said yet;
// from here on it is.
bool nck_object_tell_lost(uint32_t thread);

// Site row of (kind, function, stack); 0 when blind.
uint32_t nck_site_find(struct nck_env *state, enum nck_object_kind kind, int function,
                       uint32_t stack);
// One more, or less, of what the site makes.
void nck_site_created(struct nck_env *state, uint32_t site);
void nck_site_released(uint32_t site, bool at_teardown);
// What its row says of that, where `live` are left.
static inline void nck_site_note_live(struct nck_site *site, uint32_t live) {
  if (NCK_UNLIKELY(live > site->most)) {
    site->most = live;
    if (live > site->peak)
      site->peak = live;
  }
}
static inline void nck_site_note_fewer(struct nck_site *site, uint32_t live) {
  if (NCK_UNLIKELY(live < site->least))
    site->least = live;
}
// Fate row of those three (record.h); 0 when blind. Takes a lock.
uint32_t nck_fate_find(uint32_t site, uint32_t stack, uint32_t verb);

#endif
