// calls_table.c: the functions of napi_api.def that are uniform: values in, the runtime, values
// out.
#define _GNU_SOURCE
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "finding.h"
#include "frame.h"

#define NCK_EXPAND(x) x
#define NCK_CAT_(a, b) a##b
#define NCK_CAT(a, b) NCK_CAT_(a, b)

// Applies prefix##role(...) to each role.
#define NCK_MAP_1(p, a) p##a
#define NCK_MAP_2(p, a, ...) p##a NCK_MAP_1(p, __VA_ARGS__)
#define NCK_MAP_3(p, a, ...) p##a NCK_MAP_2(p, __VA_ARGS__)
#define NCK_MAP_4(p, a, ...) p##a NCK_MAP_3(p, __VA_ARGS__)
#define NCK_MAP_5(p, a, ...) p##a NCK_MAP_4(p, __VA_ARGS__)
#define NCK_MAP_6(p, a, ...) p##a NCK_MAP_5(p, __VA_ARGS__)
#define NCK_COUNT_(a, b, c, d, e, f, n, ...) n
#define NCK_COUNT(...) NCK_COUNT_(__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)
#define NCK_MAP(p, ...) NCK_CAT(NCK_MAP_, NCK_COUNT(__VA_ARGS__))(p, __VA_ARGS__)

#define NCK_PARAM_in_value(x) , napi_value x
#define NCK_PARAM_out_value(x) , napi_value *x
#define NCK_PARAM_out_same(x, in) , napi_value *x
#define NCK_PARAM_out_constant(x, index) , napi_value *x
#define NCK_PARAM_out_global(x) , napi_value *x
#define NCK_PARAM_out_root(x) , napi_value *x
#define NCK_PARAM_number(type, x) , type *x
#define NCK_PARAM_type(x) , napi_valuetype *x
#define NCK_PARAM_arg(type, x) , type x

#define NCK_PASS_in_value(x) , x
#define NCK_PASS_out_value(x) , x
#define NCK_PASS_out_same(x, in) , x
#define NCK_PASS_out_constant(x, index) , x
#define NCK_PASS_out_global(x) , x
#define NCK_PASS_out_root(x) , x
#define NCK_PASS_number(type, x) , x
#define NCK_PASS_type(x) , x
#define NCK_PASS_arg(type, x) , x

// A value that was made in the innermost scope loses its tag to the scope's, and has no bit left
// above NCK_VALUE_MASK. Twice: nothing has happened.
#define NCK_FLIP_in_value(x) x = (napi_value)((uintptr_t)x ^ state->top_tag_bits);
#define NCK_FLIP_out_value(x)
#define NCK_FLIP_out_same(x, in)
#define NCK_FLIP_out_constant(x, index)
#define NCK_FLIP_out_global(x)
#define NCK_FLIP_out_root(x)
#define NCK_FLIP_number(type, x)
#define NCK_FLIP_type(x)
#define NCK_FLIP_arg(type, x)

#define NCK_BITS_in_value(x) | (uint64_t)(uintptr_t)x
#define NCK_BITS_out_value(x)
#define NCK_BITS_out_same(x, in)
#define NCK_BITS_out_constant(x, index)
#define NCK_BITS_out_global(x)
#define NCK_BITS_out_root(x)
#define NCK_BITS_number(type, x)
#define NCK_BITS_type(x)
#define NCK_BITS_arg(type, x)

#define NCK_CHECK_in_value(x) x = nck_value_in(state, x, id, pc);
#define NCK_CHECK_out_value(x)
#define NCK_CHECK_out_same(x, in)
#define NCK_CHECK_out_constant(x, index)
#define NCK_CHECK_out_global(x)
#define NCK_CHECK_out_root(x)
#define NCK_CHECK_number(type, x)
#define NCK_CHECK_type(x)
#define NCK_CHECK_arg(type, x)

#define NCK_NOTE_in_value(x)
#define NCK_NOTE_out_value(x) nck_value_out(state, x, id, pc);
#define NCK_NOTE_out_same(x, in) nck_same_out(state, x, in, id, pc);
#define NCK_NOTE_out_root(x) nck_constant_out(state, x);
#define NCK_NOTE_out_constant(x, index) nck_constant_out(state, x);
#define NCK_NOTE_out_global(x) nck_global_out(state, x, id, pc);
#define NCK_NOTE_number(type, x) nck_number_out(state, value, (double)*x);
#define NCK_NOTE_type(x)
#define NCK_NOTE_arg(type, x)

// The handle that was given comes back where the value is of that type already: it lives as long as
// before. (In the first function the two have the same tag in any case.)
#define NCK_GIVEN_in_value(x)
#define NCK_GIVEN_out_value(x)
#define NCK_GIVEN_out_same(x, in) const napi_value given = in;
#define NCK_GIVEN_out_constant(x, index)
#define NCK_GIVEN_out_global(x)
#define NCK_GIVEN_out_root(x)
#define NCK_GIVEN_number(type, x)
#define NCK_GIVEN_type(x)
#define NCK_GIVEN_arg(type, x)

#define NCK_BACK_in_value(x)
#define NCK_BACK_out_value(x)
#define NCK_BACK_out_same(x, in)                                                                   \
  if (status == napi_ok && x != NULL && in != NULL &&                                              \
      ((uintptr_t)*x & NCK_VALUE_MASK) == ((uintptr_t)in & NCK_VALUE_MASK))                        \
    *x = given;
#define NCK_BACK_out_constant(x, index)
#define NCK_BACK_out_global(x)
#define NCK_BACK_out_root(x)
#define NCK_BACK_number(type, x)
#define NCK_BACK_type(x)
#define NCK_BACK_arg(type, x)

// What the runtime would say and is known here, and it would do no more than to say it and to clear
// its last error. NULL has the tag of a scope that has none.
#define NCK_ANSWER_in_value(x)
#define NCK_ANSWER_out_value(x)
#define NCK_ANSWER_out_same(x, in)
#define NCK_ANSWER_out_constant(x, index)                                                          \
  if (NCK_LIKELY(state->may_answer & NCK_KNOWS_CONSTANTS && x != NULL)) {                          \
    *x = nck_value_tagged(state->constants[index], state->top_tag_bits);                           \
    return napi_ok;                                                                                \
  }
#define NCK_ANSWER_out_global(x)
#define NCK_ANSWER_out_root(x)
#define NCK_ANSWER_number(type, x)                                                                 \
  if (NCK_LIKELY(state->may_answer & NCK_KNOWS_NUMBERS && x != NULL && value != NULL)) {           \
    uint64_t word = *(const uint64_t *)(const void *)value;                                        \
    if (NCK_LIKELY((uint32_t)word == 0)) {                                                         \
      *x = (type)(int32_t)(word >> 32);                                                            \
      return napi_ok;                                                                              \
    }                                                                                              \
  }
#define NCK_ANSWER_type(x)                                                                         \
  if (state->may_answer & NCK_KNOWS_NUMBERS && x != NULL && value != NULL &&                       \
      *(const uint32_t *)(const void *)value == 0) {                                               \
    *x = napi_number;                                                                              \
    return napi_ok;                                                                                \
  }
#define NCK_ANSWER_arg(type, x)

#define NCK_KNOWN_in_value(x)
#define NCK_KNOWN_out_value(x)
#define NCK_KNOWN_out_same(x, in)
#define NCK_KNOWN_out_constant(x, index) +1
#define NCK_KNOWN_out_global(x)
#define NCK_KNOWN_out_root(x)
#define NCK_KNOWN_number(type, x) +1
#define NCK_KNOWN_type(x) +1
#define NCK_KNOWN_arg(type, x)

// undefined, null and the booleans need no handle of their own: they are tagged, but not counted.
static inline void nck_constant_out(struct nck_env *state, napi_value *result) {
  if (result != NULL && *result != NULL)
    *result = nck_value_tagged(*result, state->top_tag_bits);
}

// Nor does the handle that was given.
static inline void nck_same_out(struct nck_env *state, napi_value *result, napi_value given,
                                enum nck_function_id function, const void *pc) {
  if (result != NULL && *result == given)
    nck_constant_out(state, result);
  else
    nck_value_out(state, result, function, pc);
}

static inline void nck_global_out(struct nck_env *state, napi_value *result,
                                  enum nck_function_id function, const void *pc) {
  nck_value_out(state, result, function, pc);
  if (result != NULL)
    state->globals[state->next_global++ % NCK_GLOBALS] = *result;
}

// Where V8 does not compress its pointers, a small integer stands in the upper half of the word
// that a value leads to, and the lower half is 0. That is not assumed but seen, with so many
// numbers before it is relied on, and among so many; -1: it is otherwise.
enum { NUMBERS_TO_SEE = 8, NUMBERS_TO_ASK = 1000 };
static int n_numbers_seen;

// Compares it with what the runtime answered. `value` has no tag.
static __attribute__((noinline)) void number_see(napi_value value, double number) {
  static int n_asked;
  uint64_t word;
  int saved = errno, seen = __atomic_load_n(&n_numbers_seen, __ATOMIC_RELAXED);
  struct iovec here = {&word, sizeof word}, there = {value, sizeof word};
  bool is_other = process_vm_readv(getpid(), &here, 1, &there, 1, 0) != (ssize_t)sizeof word ||
                  __atomic_add_fetch(&n_asked, 1, __ATOMIC_RELAXED) > NUMBERS_TO_ASK;
  bool is_small = !is_other && (uint32_t)word == 0;
  if (is_small && (int32_t)(word >> 32) != number && (uint32_t)(word >> 32) != number)
    is_other = true;
  if (is_other)
    __atomic_store_n(&n_numbers_seen, -1, __ATOMIC_RELAXED);
  else if (is_small && number != 0 && seen >= 0 &&
           __atomic_compare_exchange_n(&n_numbers_seen, &seen, seen + 1, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED) &&
           seen + 1 == NUMBERS_TO_SEE)
    __atomic_fetch_or(&nck_known, NCK_KNOWS_NUMBERS, __ATOMIC_RELAXED);
  errno = saved;
}

static inline void nck_number_out(struct nck_env *state, napi_value value, double number) {
  if (state->foreign || !state->tagged)
    return;
  if (NCK_UNLIKELY((unsigned)__atomic_load_n(&n_numbers_seen, __ATOMIC_RELAXED) < NUMBERS_TO_SEE))
    number_see(value, number);
  nck_env_may_answer(state);
}

// Three functions a row. What most calls are (the env of the last call, values of the innermost
// scope) needs no register that has to be saved, as long as all else is done by another function,
// which begins anew. Where the answer may be known, the question is another function's, too.
#define NAPI_CALL(name, since, class, ...)                                                         \
  static inline __attribute__((always_inline)) napi_status real_##name(                            \
      napi_env env NCK_MAP(NCK_PARAM_, __VA_ARGS__), struct nck_env *state, const void *pc) {      \
    const enum nck_function_id id = NCK_FN_##name;                                                 \
    napi_status status = nck_real.name(env NCK_MAP(NCK_PASS_, __VA_ARGS__));                       \
    if (NCK_UNLIKELY(status != napi_ok))                                                           \
      return nck_call_failed(state, id, status, pc);                                               \
    NCK_MAP(NCK_NOTE_, __VA_ARGS__)                                                                \
    return status;                                                                                 \
  }                                                                                                \
  static __attribute__((noinline)) napi_status ask_##name(                                         \
      napi_env env NCK_MAP(NCK_PARAM_, __VA_ARGS__), struct nck_env *state, const void *pc) {      \
    return real_##name(env NCK_MAP(NCK_PASS_, __VA_ARGS__), state, pc);                            \
  }                                                                                                \
  static __attribute__((noinline))                                                                 \
  napi_status slow_##name(napi_env env NCK_MAP(NCK_PARAM_, __VA_ARGS__), const void *pc) {         \
    const enum nck_function_id id = NCK_FN_##name;                                                 \
    struct nck_env *state;                                                                         \
    NCK_ENTER_FROM(id, pc);                                                                        \
    if (NCK_UNLIKELY(state == NULL))                                                               \
      return nck_real.name(env NCK_MAP(NCK_PASS_, __VA_ARGS__));                                   \
    NCK_MAP(NCK_GIVEN_, __VA_ARGS__)                                                               \
    NCK_MAP(NCK_CHECK_, __VA_ARGS__)                                                               \
    NCK_BEFORE_REAL(state, id, pc);                                                                \
    napi_status status = real_##name(env NCK_MAP(NCK_PASS_, __VA_ARGS__), state, pc);              \
    NCK_MAP(NCK_BACK_, __VA_ARGS__)                                                                \
    return status;                                                                                 \
  }                                                                                                \
  napi_status name(napi_env env NCK_MAP(NCK_PARAM_, __VA_ARGS__)) {                                \
    struct nck_env *state = nck_tls.state;                                                         \
    if (NCK_UNLIKELY(nck_tls.env != env))                                                          \
      return slow_##name(env NCK_MAP(NCK_PASS_, __VA_ARGS__), NCK_PC);                             \
    NCK_MAP(NCK_FLIP_, __VA_ARGS__)                                                                \
    if (NCK_UNLIKELY((0 NCK_MAP(NCK_BITS_, __VA_ARGS__)) > NCK_VALUE_MASK)) {                      \
      NCK_MAP(NCK_FLIP_, __VA_ARGS__)                                                              \
      return slow_##name(env NCK_MAP(NCK_PASS_, __VA_ARGS__), NCK_PC);                             \
    }                                                                                              \
    state->row->n_calls++;                                                                         \
    NCK_MAP(NCK_ANSWER_, __VA_ARGS__)                                                              \
    if (0 NCK_MAP(NCK_KNOWN_, __VA_ARGS__))                                                        \
      return ask_##name(env NCK_MAP(NCK_PASS_, __VA_ARGS__), state, NCK_PC);                       \
    return real_##name(env NCK_MAP(NCK_PASS_, __VA_ARGS__), state, NCK_PC);                        \
  }
#define NAPI_HAND(name, since, class)
#include "napi_api.def"
#undef NAPI_CALL
#undef NAPI_HAND

const char *const nck_function_names[NCK_N_FUNCTIONS] = {
#define NAPI_CALL(name, since, class, ...) #name,
#define NAPI_HAND(name, since, class) #name,
#include "napi_api.def"
#undef NAPI_CALL
#undef NAPI_HAND
};

const uint8_t nck_function_classes[NCK_N_FUNCTIONS] = {
#define NAPI_CALL(name, since, class, ...) NCK_CLASS_##class,
#define NAPI_HAND(name, since, class) NCK_CLASS_##class,
#include "napi_api.def"
#undef NAPI_CALL
#undef NAPI_HAND
};

#define NCK_MAKES_in_value(x) +0
#define NCK_MAKES_out_value(x) +1
#define NCK_MAKES_out_same(x, in) +1
#define NCK_MAKES_out_constant(x, index) +0
#define NCK_MAKES_out_global(x) +1
#define NCK_MAKES_out_root(x) +0
#define NCK_MAKES_number(type, x) +0
#define NCK_MAKES_type(x) +0
#define NCK_MAKES_arg(type, x) +0

bool nck_function_makes_handles(enum nck_function_id function) {
  static const uint8_t n_made[NCK_N_FUNCTIONS] = {
#define NAPI_CALL(name, since, class, ...) NCK_MAP(NCK_MAKES_, __VA_ARGS__),
#define NAPI_HAND(name, since, class) 0,
#include "napi_api.def"
#undef NAPI_CALL
#undef NAPI_HAND
  };
  switch (function) {
  case NCK_FN_napi_create_function:
  case NCK_FN_napi_define_class:
  case NCK_FN_napi_call_function:
  case NCK_FN_napi_new_instance:
  case NCK_FN_napi_make_callback:
  case NCK_FN_napi_create_external:
  case NCK_FN_napi_create_external_buffer:
  case NCK_FN_napi_create_external_arraybuffer:
  case NCK_FN_node_api_create_external_sharedarraybuffer:
  case NCK_FN_node_api_create_external_string_latin1:
  case NCK_FN_node_api_create_external_string_utf16:
  case NCK_FN_node_api_create_object_with_properties:
  case NCK_FN_node_api_create_object_with_named_properties:
  case NCK_FN_napi_get_reference_value:
  case NCK_FN_napi_create_promise:
  case NCK_FN_napi_get_and_clear_last_exception:
  case NCK_FN_napi_open_callback_scope: // Node before 26
  case NCK_FN_napi_open_escapable_handle_scope:
  case NCK_FN_napi_throw_error:
  case NCK_FN_napi_throw_type_error:
  case NCK_FN_napi_throw_range_error:
  case NCK_FN_node_api_throw_syntax_error:
    return true;
  default:
    return n_made[function] > 0;
  }
}
