// api.h: Node's headers, what they lack, and the table of real functions. The one place that
// includes them.
#ifndef NAPICHECK_SHIM_API_H
#define NAPICHECK_SHIM_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAPI_VERSION 10
#include <node_api.h>

#include "hidden.h"
#include "napicheck/record.h"

#define NAPI_VERSION_EXPERIMENTAL_VALUE 2147483647u // what such a module declares

#define NCK_LIKELY(x) __builtin_expect(!!(x), 1)
#define NCK_UNLIKELY(x) __builtin_expect(!!(x), 0)
// The compiler reads again what it has read from memory: for functions so small that saving
// registers for that would be most of their work.
#define NCK_FORGET_REGISTERS() __asm__ volatile("" ::: "memory")

// Experimental functions, which the pinned node-api-headers do not declare (source: the headers of
// Node 26 and Deno's napi-sys).
typedef void (*nck_noenv_finalize)(void *data, void *hint);
NAPI_EXTERN napi_status node_api_post_finalizer(napi_env env, napi_finalize finalize_cb,
                                                void *finalize_data, void *finalize_hint);
NAPI_EXTERN napi_status node_api_set_prototype(napi_env env, napi_value object, napi_value value);
NAPI_EXTERN napi_status node_api_is_sharedarraybuffer(napi_env env, napi_value value, bool *result);
NAPI_EXTERN napi_status node_api_create_sharedarraybuffer(napi_env env, size_t byte_length,
                                                          void **data, napi_value *result);
NAPI_EXTERN napi_status node_api_create_external_sharedarraybuffer(
    napi_env env, void *external_data, size_t byte_length, nck_noenv_finalize finalize_cb,
    void *finalize_hint, napi_value *result);
NAPI_EXTERN napi_status node_api_create_object_with_properties(
    napi_env env, napi_value prototype_or_null, const napi_value *property_names,
    const napi_value *property_values, size_t property_count, napi_value *result);
NAPI_EXTERN napi_status node_api_create_object_with_named_properties(
    napi_env env, napi_value *result, size_t property_count, const char *const *property_names,
    const napi_value *property_values);

// The runtime's functions; NULL where it lacks one. Filled once by interpose.c before any addon is
// loaded.
struct nck_real {
#define NAPI_CALL(name, since, class, ...) __typeof__(name) *name;
#define NAPI_HAND(name, since, class) __typeof__(name) *name;
#include "napi_api.def"
#undef NAPI_CALL
#undef NAPI_HAND
};
extern struct nck_real nck_real NCK_HIDDEN_DATA;

enum nck_function_id {
#define NAPI_CALL(name, since, class, ...) NCK_FN_##name,
#define NAPI_HAND(name, since, class) NCK_FN_##name,
#include "napi_api.def"
#undef NAPI_CALL
#undef NAPI_HAND
  NCK_N_FUNCTIONS
};

enum nck_call_class {
  NCK_CLASS_ENV_THREAD,
  NCK_CLASS_ENV_BASIC,
  NCK_CLASS_READ_THREAD,
  NCK_CLASS_ANY_THREAD
};

extern const char *const nck_function_names[NCK_N_FUNCTIONS];
// True for functions that make a handle: calls of which need a scope.
bool nck_function_makes_handles(enum nck_function_id function);
extern const uint8_t nck_function_classes[NCK_N_FUNCTIONS]; // enum nck_call_class

enum nck_finding_kind {
#define NCK_FINDING(id, word, severity, group, title, advice) NCK_FINDING_##id,
#include "napicheck/findings.def"
#undef NCK_FINDING
  NCK_N_FINDINGS
};

#endif
