// object.h: tokens and the table of live objects.
//
// What an addon receives as napi_ref, napi_deferred, napi_async_work, napi_threadsafe_function, napi_async_context or
// napi_async_cleanup_hook_handle is a token: 16 tag bits that make it non-canonical, a generation (18 bits), a slot (26 bits: the object's row
// in the record), four low bits zero, because addons keep flags there. Decoding is one array access and one compare; a slot's generation changes
// when it is used again, and a slot whose generations are used up is never used again, so a stale token is always recognised.
#ifndef NAPICHECK_SHIM_OBJECT_H
#define NAPICHECK_SHIM_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "napicheck/record.h"

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
static inline uint32_t nck_token_slot(uint64_t token) {
  return (uint32_t)(token >> 4) & NCK_TOKEN_MAX_SLOT;
}
static inline uint32_t nck_token_generation(uint64_t token) {
  return (uint32_t)(token >> (4 + NCK_TOKEN_SLOT_BITS)) & NCK_TOKEN_MAX_GENERATION;
}
static inline uint64_t nck_token_make(uint32_t slot, uint32_t generation) {
  return NCK_TOKEN_TAG | (uint64_t)generation << (4 + NCK_TOKEN_SLOT_BITS) | (uint64_t)slot << 4;
}

#endif
