// calls_table.c: the functions of napi_api.def that are uniform: values in, the runtime, values
// out.
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
#define NCK_PARAM_out_constant(x) , napi_value *x
#define NCK_PARAM_out_global(x) , napi_value *x
#define NCK_PARAM_arg(type, x) , type x

#define NCK_PASS_in_value(x) , x
#define NCK_PASS_out_value(x) , x
#define NCK_PASS_out_constant(x) , x
#define NCK_PASS_out_global(x) , x
#define NCK_PASS_arg(type, x) , x

// A value that was made in the innermost scope loses its tag to the scope's, and has no bit left
// above NCK_VALUE_MASK. Twice: nothing has happened.
#define NCK_FLIP_in_value(x) x = (napi_value)((uintptr_t)x ^ state->top_tag_bits);
#define NCK_FLIP_out_value(x)
#define NCK_FLIP_out_constant(x)
#define NCK_FLIP_out_global(x)
#define NCK_FLIP_arg(type, x)

#define NCK_BITS_in_value(x) | (uint64_t)(uintptr_t)x
#define NCK_BITS_out_value(x)
#define NCK_BITS_out_constant(x)
#define NCK_BITS_out_global(x)
#define NCK_BITS_arg(type, x)

#define NCK_CHECK_in_value(x) x = nck_value_in(state, x, id, pc);
#define NCK_CHECK_out_value(x)
#define NCK_CHECK_out_constant(x)
#define NCK_CHECK_out_global(x)
#define NCK_CHECK_arg(type, x)

#define NCK_NOTE_in_value(x)
#define NCK_NOTE_out_value(x) nck_value_out(state, x, id, pc);
#define NCK_NOTE_out_constant(x) nck_constant_out(state, x);
#define NCK_NOTE_out_global(x) nck_global_out(state, x, id, pc);
#define NCK_NOTE_arg(type, x)

// undefined, null and the booleans need no handle of their own: they are tagged, but not counted.
static inline void nck_constant_out(struct nck_env *state, napi_value *result) {
  if (result != NULL && *result != NULL)
    *result = nck_value_tagged(*result, state->top_tag_bits);
}

static inline void nck_global_out(struct nck_env *state, napi_value *result,
                                  enum nck_function_id function, const void *pc) {
  nck_value_out(state, result, function, pc);
  if (result != NULL)
    state->globals[state->next_global++ % 4] = *result;
}

// Two functions a row. What most calls are (the env of the last call, values of the innermost
// scope) needs no register that has to be saved, as long as all else is done by another function,
// which begins anew.
#define NAPI_CALL(name, since, class, ...)                                                         \
  static __attribute__((noinline))                                                                 \
  napi_status slow_##name(napi_env env NCK_MAP(NCK_PARAM_, __VA_ARGS__), const void *pc) {         \
    const enum nck_function_id id = NCK_FN_##name;                                                 \
    struct nck_env *state;                                                                         \
    NCK_ENTER_FROM(id, pc);                                                                        \
    if (NCK_UNLIKELY(state == NULL))                                                               \
      return nck_real.name(env NCK_MAP(NCK_PASS_, __VA_ARGS__));                                   \
    NCK_MAP(NCK_CHECK_, __VA_ARGS__)                                                               \
    NCK_BEFORE_REAL(state, id, pc);                                                                \
    napi_status status = nck_real.name(env NCK_MAP(NCK_PASS_, __VA_ARGS__));                       \
    if (NCK_UNLIKELY(status != napi_ok)) {                                                         \
      nck_call_failed(state, id, status, pc);                                                      \
      return status;                                                                               \
    }                                                                                              \
    NCK_MAP(NCK_NOTE_, __VA_ARGS__)                                                                \
    return status;                                                                                 \
  }                                                                                                \
  napi_status name(napi_env env NCK_MAP(NCK_PARAM_, __VA_ARGS__)) {                                \
    const enum nck_function_id id = NCK_FN_##name;                                                 \
    struct nck_env *state = nck_tls.state;                                                         \
    if (NCK_UNLIKELY(nck_tls.env != env))                                                          \
      return slow_##name(env NCK_MAP(NCK_PASS_, __VA_ARGS__), NCK_PC);                             \
    NCK_MAP(NCK_FLIP_, __VA_ARGS__)                                                                \
    if (NCK_UNLIKELY((0 NCK_MAP(NCK_BITS_, __VA_ARGS__)) > NCK_VALUE_MASK)) {                      \
      NCK_MAP(NCK_FLIP_, __VA_ARGS__)                                                              \
      return slow_##name(env NCK_MAP(NCK_PASS_, __VA_ARGS__), NCK_PC);                             \
    }                                                                                              \
    state->row->n_calls++;                                                                         \
    napi_status status = nck_real.name(env NCK_MAP(NCK_PASS_, __VA_ARGS__));                       \
    if (NCK_UNLIKELY(status != napi_ok))                                                           \
      return nck_call_failed(state, id, status, NCK_PC);                                           \
    const void *pc = NCK_PC;                                                                       \
    (void)pc;                                                                                      \
    NCK_MAP(NCK_NOTE_, __VA_ARGS__)                                                                \
    return status;                                                                                 \
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
#define NCK_MAKES_out_constant(x) +0
#define NCK_MAKES_out_global(x) +1
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
  case NCK_FN_napi_throw_error:
  case NCK_FN_napi_throw_type_error:
  case NCK_FN_napi_throw_range_error:
  case NCK_FN_node_api_throw_syntax_error:
    return true;
  default:
    return n_made[function] > 0;
  }
}
