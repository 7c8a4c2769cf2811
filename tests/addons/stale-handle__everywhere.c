/*
 * stale-handle__everywhere.c - a value whose scope is closed, through every parameter of every
 * function that takes one, and out of every function that gives one. The names of the frames say
 * which; what the headers declare is compared with them, so a new function has to come here.
 *
 * Its slot holds the same value again meanwhile, made in a scope that is open: so the runtime gets
 * what it can work with, and the addon runs the same way without the tool.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 10 /* declares all functions; the module asks for what Node 20 has */
#include "addon.h"
#undef NAPI_VERSION
#define NAPI_VERSION 9

#include <dlfcn.h>
#include <stdbool.h>

/* What the pinned headers do not declare. */
napi_status node_api_set_prototype(napi_env env, napi_value object, napi_value value);
napi_status node_api_is_sharedarraybuffer(napi_env env, napi_value value, bool *result);
napi_status node_api_create_sharedarraybuffer(napi_env env, size_t byte_length, void **data,
                                              napi_value *result);
napi_status node_api_create_external_sharedarraybuffer(napi_env env, void *external_data,
                                                       size_t byte_length,
                                                       void (*finalize_cb)(void *data, void *hint),
                                                       void *finalize_hint, napi_value *result);
napi_status node_api_create_object_with_properties(napi_env env, napi_value prototype_or_null,
                                                   const napi_value *property_names,
                                                   const napi_value *property_values,
                                                   size_t property_count, napi_value *result);
napi_status node_api_create_object_with_named_properties(napi_env env, napi_value *result,
                                                         size_t property_count,
                                                         const char *const *property_names,
                                                         const napi_value *property_values);

enum { LONG = 70 }; /* more values than a copy on the stack has room for */

/* What the calls need besides the value in question; made anew for each. */
static struct {
  napi_value object, text, number, fn, class, result, list[LONG], texts[LONG];
  napi_property_descriptor descriptors[LONG];
  napi_deferred deferred;
  napi_ref reference;
  napi_async_work work;
  napi_async_context context;
  napi_callback_scope callback_scope;
  napi_threadsafe_function tsfn;
  napi_callback_info info;
  napi_extended_error_info *error;
  napi_type_tag tag;
  napi_typedarray_type array_type;
  napi_valuetype type;
  double real;
  int32_t int32;
  uint32_t uint32;
  int64_t int64;
  uint64_t uint64;
  bool yes;
  char bytes[64];
  char16_t wide[64];
  void *data;
  size_t size;
  int sign;
} with;

static napi_value nothing(napi_env env, napi_callback_info info) { return NULL; }
static void no_execute(napi_env env, void *data) {}
static void no_complete(napi_env env, napi_status status, void *data) {}
static void no_finalizer(napi_env env, void *data, void *hint) {}
static void no_call(napi_env env, napi_value js_callback, void *context, void *data) {}
static void no_free(void *data, void *hint) {}

/* Memory of its own for each external and wrap. */
static char *a_cell(void) {
  static char cells[64][64];
  static int next;
  return cells[next++];
}

/* Makers of the value in question. The last handle that they make is the value. */
static napi_value an_object(napi_env env) { return addon_object(env); }
static napi_value a_number(napi_env env) { return addon_number(env, 1); }
static napi_value a_text(napi_env env) {
  napi_value value;
  MUST(napi_create_string_utf8(env, "1", 1, &value));
  return value;
}
static napi_value a_date(napi_env env) {
  napi_value value;
  MUST(napi_create_date(env, 1, &value));
  return value;
}
static napi_value a_bigint(napi_env env) {
  napi_value value;
  MUST(napi_create_bigint_int64(env, 1, &value));
  return value;
}
static napi_value a_function(napi_env env) {
  napi_value value;
  MUST(napi_create_function(env, "nothing", NAPI_AUTO_LENGTH, nothing, NULL, &value));
  return value;
}
static napi_value a_class(napi_env env) {
  napi_value value;
  MUST(napi_define_class(env, "Nothing", NAPI_AUTO_LENGTH, nothing, NULL, 0, NULL, &value));
  return value;
}
static napi_value an_error(napi_env env) {
  napi_value value;
  MUST(napi_create_error(env, NULL, with.text, &value));
  return value;
}
static napi_value an_array(napi_env env) {
  napi_value value;
  MUST(napi_create_array_with_length(env, 2, &value));
  return value;
}
static napi_value an_arraybuffer(napi_env env) {
  napi_value value;
  MUST(napi_create_arraybuffer(env, 64, &with.data, &value));
  return value;
}
static napi_value a_typedarray(napi_env env) {
  napi_value value, buffer = an_arraybuffer(env);
  MUST(napi_create_typedarray(env, napi_uint8_array, 8, buffer, 0, &value));
  return value;
}
static napi_value a_dataview(napi_env env) {
  napi_value value, buffer = an_arraybuffer(env);
  MUST(napi_create_dataview(env, 8, buffer, 0, &value));
  return value;
}
static napi_value a_buffer(napi_env env) {
  napi_value value;
  MUST(napi_create_buffer(env, 8, &with.data, &value));
  return value;
}
static napi_value an_external(napi_env env) {
  napi_value value;
  MUST(napi_create_external(env, a_cell(), no_finalizer, NULL, &value));
  return value;
}
static napi_value a_wrapped(napi_env env) {
  napi_value value = addon_object(env);
  MUST(napi_wrap(env, value, a_cell(), no_finalizer, NULL, NULL));
  return value;
}

/* An array whose last value is the one in question. */
static const napi_value *listed(napi_value value, size_t count) {
  for (size_t i = 0; i < count; i++)
    with.list[i] = with.texts[i] = with.text;
  with.list[count - 1] = value;
  return with.list;
}
static const char *const *names(void) {
  static const char *all[LONG];
  static char texts[LONG][8];
  for (int i = 0; i < LONG; i++) {
    snprintf(texts[i], sizeof texts[i], "p%d", i);
    all[i] = texts[i];
  }
  return all;
}
static const napi_property_descriptor *described(napi_value name, napi_value value, size_t count) {
  for (size_t i = 0; i < count; i++)
    with.descriptors[i] = (napi_property_descriptor){
        .utf8name = names()[i], .value = with.text, .attributes = napi_configurable};
  with.descriptors[count - 1].utf8name = name != NULL ? NULL : "named";
  with.descriptors[count - 1].name = name;
  with.descriptors[count - 1].value = value;
  return with.descriptors;
}

/*
 * X(function, parameter, maker, arguments): `v` is the value whose scope is closed. Where a
 * parameter has "__" in it, what follows tells several ways to pass it.
 */
#define ALL_IN(X)                                                                                  \
  X(napi_create_symbol, description, a_text, v, &with.result)                                      \
  X(napi_create_error, code, a_text, v, with.text, &with.result)                                   \
  X(napi_create_error, msg, a_text, NULL, v, &with.result)                                         \
  X(napi_create_type_error, code, a_text, v, with.text, &with.result)                              \
  X(napi_create_type_error, msg, a_text, NULL, v, &with.result)                                    \
  X(napi_create_range_error, code, a_text, v, with.text, &with.result)                             \
  X(napi_create_range_error, msg, a_text, NULL, v, &with.result)                                   \
  X(node_api_create_syntax_error, code, a_text, v, with.text, &with.result)                        \
  X(node_api_create_syntax_error, msg, a_text, NULL, v, &with.result)                              \
  X(napi_typeof, value, an_object, v, &with.type)                                                  \
  X(napi_get_value_double, value, a_number, v, &with.real)                                         \
  X(napi_get_value_int32, value, a_number, v, &with.int32)                                         \
  X(napi_get_value_uint32, value, a_number, v, &with.uint32)                                       \
  X(napi_get_value_int64, value, a_number, v, &with.int64)                                         \
  X(napi_get_value_bool, value, a_number, v, &with.yes)                                            \
  X(napi_get_value_string_latin1, value, a_text, v, with.bytes, sizeof with.bytes, &with.size)     \
  X(napi_get_value_string_utf8, value, a_text, v, with.bytes, sizeof with.bytes, &with.size)       \
  X(napi_get_value_string_utf16, value, a_text, v, with.wide, 64, &with.size)                      \
  X(napi_coerce_to_bool, value, an_object, v, &with.result)                                        \
  X(napi_coerce_to_number, value, a_text, v, &with.result)                                         \
  X(napi_coerce_to_object, value, a_text, v, &with.result)                                         \
  X(napi_coerce_to_string, value, a_number, v, &with.result)                                       \
  X(node_api_set_prototype, object, an_object, v, with.object)                                     \
  X(node_api_set_prototype, value, an_object, with.object, v)                                      \
  X(napi_get_prototype, object, an_object, v, &with.result)                                        \
  X(napi_get_property_names, object, an_object, v, &with.result)                                   \
  X(napi_set_property, object, an_object, v, with.text, with.number)                               \
  X(napi_set_property, key, a_text, with.object, v, with.number)                                   \
  X(napi_set_property, value, a_text, with.object, with.text, v)                                   \
  X(napi_has_property, object, an_object, v, with.text, &with.yes)                                 \
  X(napi_has_property, key, a_text, with.object, v, &with.yes)                                     \
  X(napi_get_property, object, an_object, v, with.text, &with.result)                              \
  X(napi_get_property, key, a_text, with.object, v, &with.result)                                  \
  X(napi_delete_property, object, an_object, v, with.text, &with.yes)                              \
  X(napi_delete_property, key, a_text, with.object, v, &with.yes)                                  \
  X(napi_has_own_property, object, an_object, v, with.text, &with.yes)                             \
  X(napi_has_own_property, key, a_text, with.object, v, &with.yes)                                 \
  X(napi_set_named_property, object, an_object, v, "x", with.text)                                 \
  X(napi_set_named_property, value, an_object, with.object, "x", v)                                \
  X(napi_has_named_property, object, an_object, v, "x", &with.yes)                                 \
  X(napi_get_named_property, object, an_object, v, "x", &with.result)                              \
  X(napi_set_element, object, an_array, v, 0, with.text)                                           \
  X(napi_set_element, value, an_array, with.object, 0, v)                                          \
  X(napi_has_element, object, an_array, v, 0, &with.yes)                                           \
  X(napi_get_element, object, an_array, v, 0, &with.result)                                        \
  X(napi_delete_element, object, an_array, v, 0, &with.yes)                                        \
  X(napi_define_properties, object, an_object, v, 1, described(NULL, with.text, 1))                \
  X(napi_define_properties, properties__name, a_text, with.object, 1,                              \
    described(v, with.number, 1))                                                                  \
  X(napi_define_properties, properties__value, a_text, with.object, 1, described(NULL, v, 1))      \
  X(napi_define_properties, properties__many, a_text, with.object, LONG, described(NULL, v, LONG)) \
  X(napi_define_class, properties__name, a_text, "C", 1, nothing, NULL, 1,                         \
    described(v, with.number, 1), &with.result)                                                    \
  X(napi_define_class, properties__value, a_text, "C", 1, nothing, NULL, 1, described(NULL, v, 1), \
    &with.result)                                                                                  \
  X(napi_define_class, properties__many, a_text, "C", 1, nothing, NULL, LONG,                      \
    described(NULL, v, LONG), &with.result)                                                        \
  X(napi_is_array, value, an_array, v, &with.yes)                                                  \
  X(napi_get_array_length, value, an_array, v, &with.uint32)                                       \
  X(napi_strict_equals, lhs, a_text, v, with.text, &with.yes)                                      \
  X(napi_strict_equals, rhs, a_text, with.text, v, &with.yes)                                      \
  X(napi_call_function, recv, an_object, v, with.fn, 0, NULL, &with.result)                        \
  X(napi_call_function, func, a_function, with.object, v, 0, NULL, &with.result)                   \
  X(napi_call_function, argv__few, an_object, with.object, with.fn, 2, listed(v, 2), &with.result) \
  X(napi_call_function, argv__many, an_object, with.object, with.fn, LONG, listed(v, LONG),        \
    &with.result)                                                                                  \
  X(napi_new_instance, constructor, a_class, v, 0, NULL, &with.result)                             \
  X(napi_new_instance, argv, an_object, with.class, LONG, listed(v, LONG), &with.result)           \
  X(napi_instanceof, object, an_object, v, with.class, &with.yes)                                  \
  X(napi_instanceof, constructor, a_class, with.object, v, &with.yes)                              \
  X(napi_wrap, js_object, an_object, v, a_cell(), no_finalizer, NULL, NULL)                        \
  X(napi_unwrap, js_object, a_wrapped, v, &with.data)                                              \
  X(napi_remove_wrap, js_object, a_wrapped, v, &with.data)                                         \
  X(napi_add_finalizer, js_object, an_object, v, a_cell(), no_finalizer, NULL, NULL)               \
  X(napi_get_value_external, value, an_external, v, &with.data)                                    \
  X(napi_create_reference, value, an_object, v, 0, &with.reference)                                \
  X(napi_throw, error, an_error, v)                                                                \
  X(napi_is_error, value, an_error, v, &with.yes)                                                  \
  X(napi_is_arraybuffer, value, an_arraybuffer, v, &with.yes)                                      \
  X(napi_get_arraybuffer_info, arraybuffer, an_arraybuffer, v, &with.data, &with.size)             \
  X(napi_is_typedarray, value, a_typedarray, v, &with.yes)                                         \
  X(napi_create_typedarray, arraybuffer, an_arraybuffer, napi_uint8_array, 8, v, 0, &with.result)  \
  X(napi_get_typedarray_info, typedarray, a_typedarray, v, &with.array_type, &with.size,           \
    &with.data, &with.result, NULL)                                                                \
  X(napi_create_dataview, arraybuffer, an_arraybuffer, 8, v, 0, &with.result)                      \
  X(napi_is_dataview, value, a_dataview, v, &with.yes)                                             \
  X(napi_get_dataview_info, dataview, a_dataview, v, &with.size, &with.data, &with.result, NULL)   \
  X(node_api_is_sharedarraybuffer, value, an_arraybuffer, v, &with.yes)                            \
  X(napi_resolve_deferred, resolution, a_text, with.deferred, v)                                   \
  X(napi_reject_deferred, rejection, an_error, with.deferred, v)                                   \
  X(napi_is_promise, value, an_object, v, &with.yes)                                               \
  X(napi_run_script, script, a_text, v, &with.result)                                              \
  X(napi_is_date, value, a_date, v, &with.yes)                                                     \
  X(napi_get_date_value, value, a_date, v, &with.real)                                             \
  X(napi_get_value_bigint_int64, value, a_bigint, v, &with.int64, &with.yes)                       \
  X(napi_get_value_bigint_uint64, value, a_bigint, v, &with.uint64, &with.yes)                     \
  X(napi_get_value_bigint_words, value, a_bigint, v, &with.sign, &with.size, &with.uint64)         \
  X(napi_get_all_property_names, object, an_object, v, napi_key_own_only, napi_key_all_properties, \
    napi_key_keep_numbers, &with.result)                                                           \
  X(napi_detach_arraybuffer, arraybuffer, an_arraybuffer, v)                                       \
  X(napi_is_detached_arraybuffer, value, an_arraybuffer, v, &with.yes)                             \
  X(napi_type_tag_object, value, an_object, v, &with.tag)                                          \
  X(napi_check_object_type_tag, value, an_object, v, &with.tag, &with.yes)                         \
  X(napi_object_freeze, object, an_object, v)                                                      \
  X(napi_object_seal, object, an_object, v)                                                        \
  X(napi_async_init, async_resource, an_object, v, with.text, &with.context)                       \
  X(napi_async_init, async_resource_name, a_text, NULL, v, &with.context)                          \
  X(napi_make_callback, recv, an_object, NULL, v, with.fn, 0, NULL, &with.result)                  \
  X(napi_make_callback, func, a_function, NULL, with.object, v, 0, NULL, &with.result)             \
  X(napi_make_callback, argv, an_object, NULL, with.object, with.fn, LONG, listed(v, LONG),        \
    &with.result)                                                                                  \
  X(node_api_create_buffer_from_arraybuffer, arraybuffer, an_arraybuffer, v, 0, 8, &with.result)   \
  X(napi_is_buffer, value, a_buffer, v, &with.yes)                                                 \
  X(napi_get_buffer_info, value, a_buffer, v, &with.data, &with.size)                              \
  X(napi_create_async_work, async_resource, an_object, v, with.text, no_execute, no_complete,      \
    NULL, &with.work)                                                                              \
  X(napi_create_async_work, async_resource_name, a_text, NULL, v, no_execute, no_complete, NULL,   \
    &with.work)                                                                                    \
  X(napi_fatal_exception, err, an_error, v)                                                        \
  X(napi_open_callback_scope, resource_object, an_object, v, with.context, &with.callback_scope)   \
  X(napi_create_threadsafe_function, func, a_function, v, NULL, with.text, 0, 1, NULL, NULL, NULL, \
    no_call, &with.tsfn)                                                                           \
  X(napi_create_threadsafe_function, async_resource, an_object, with.fn, v, with.text, 0, 1, NULL, \
    NULL, NULL, no_call, &with.tsfn)                                                               \
  X(napi_create_threadsafe_function, async_resource_name, a_text, with.fn, NULL, v, 0, 1, NULL,    \
    NULL, NULL, no_call, &with.tsfn)                                                               \
  X(node_api_create_object_with_properties, prototype_or_null, an_object, v, listed(with.text, 1), \
    listed(with.text, 1), 1, &with.result)                                                         \
  X(node_api_create_object_with_properties, property_names, a_text, with.object, listed(v, LONG),  \
    with.texts, LONG, &with.result)                                                                \
  X(node_api_create_object_with_properties, property_values, a_text, with.object, &with.text,      \
    listed(v, 1), 1, &with.result)                                                                 \
  X(node_api_create_object_with_named_properties, property_values, a_text, &with.result, LONG,     \
    names(), listed(v, LONG))

/* Functions that give a value: `&with.result` is what is used after its scope was closed. */
/* Node 18 crashes at the end of an env when an external string without a finalizer was collected.
 */
static char external_latin1[] = "a text that is long enough to stay outside of the heap";
static char16_t external_utf16[] = u"another text that is long enough to stay outside";
static const uint64_t words[2] = {1, 2};

#define ALL_OUT(X)                                                                                 \
  X(napi_create_object, result, &with.result)                                                      \
  X(napi_create_array, result, &with.result)                                                       \
  X(napi_create_array_with_length, result, 3, &with.result)                                        \
  X(napi_create_double, result, 1.5, &with.result)                                                 \
  X(napi_create_int32, result, 1, &with.result)                                                    \
  X(napi_create_uint32, result, 1, &with.result)                                                   \
  X(napi_create_int64, result, 1, &with.result)                                                    \
  X(napi_create_string_latin1, result, "x", 1, &with.result)                                       \
  X(napi_create_string_utf8, result, "x", 1, &with.result)                                         \
  X(napi_create_string_utf16, result, u"x", 1, &with.result)                                       \
  X(node_api_create_external_string_latin1, result, external_latin1, NAPI_AUTO_LENGTH,             \
    no_finalizer, NULL, &with.result, &with.yes)                                                   \
  X(node_api_create_external_string_utf16, result, external_utf16, NAPI_AUTO_LENGTH, no_finalizer, \
    NULL, &with.result, &with.yes)                                                                 \
  X(node_api_create_property_key_latin1, result, "x", 1, &with.result)                             \
  X(node_api_create_property_key_utf8, result, "x", 1, &with.result)                               \
  X(node_api_create_property_key_utf16, result, u"x", 1, &with.result)                             \
  X(napi_create_symbol, result, NULL, &with.result)                                                \
  X(node_api_symbol_for, result, "x", 1, &with.result)                                             \
  X(napi_create_function, result, "x", 1, nothing, NULL, &with.result)                             \
  X(napi_create_error, result, NULL, with.text, &with.result)                                      \
  X(napi_create_type_error, result, NULL, with.text, &with.result)                                 \
  X(napi_create_range_error, result, NULL, with.text, &with.result)                                \
  X(node_api_create_syntax_error, result, NULL, with.text, &with.result)                           \
  X(napi_coerce_to_number, result, with.text, &with.result)                                        \
  X(napi_coerce_to_object, result, with.text, &with.result)                                        \
  X(napi_coerce_to_string, result, with.number, &with.result)                                      \
  X(napi_get_prototype, result, with.object, &with.result)                                         \
  X(napi_get_property_names, result, with.object, &with.result)                                    \
  X(napi_get_property, result, with.object, with.text, &with.result)                               \
  X(napi_get_named_property, result, with.object, "1", &with.result)                               \
  X(napi_get_element, result, with.object, 1, &with.result)                                        \
  X(napi_call_function, result, with.object, with.fn, 0, NULL, &with.result)                       \
  X(napi_new_instance, result, with.class, 0, NULL, &with.result)                                  \
  X(napi_define_class, result, "C", 1, nothing, NULL, 0, NULL, &with.result)                       \
  X(napi_create_external, result, a_cell(), no_finalizer, NULL, &with.result)                      \
  X(napi_get_reference_value, result, with.reference, &with.result)                                \
  X(napi_create_arraybuffer, result, 8, &with.data, &with.result)                                  \
  X(napi_create_external_arraybuffer, result, a_cell(), 8, no_finalizer, NULL, &with.result)       \
  X(node_api_create_external_sharedarraybuffer, result, a_cell(), 8, no_free, NULL, &with.result)  \
  X(napi_create_typedarray, result, napi_uint8_array, 8, with.list[0], 0, &with.result)            \
  X(napi_get_typedarray_info, arraybuffer, with.list[1], NULL, NULL, NULL, &with.result, NULL)     \
  X(napi_create_dataview, result, 8, with.list[0], 0, &with.result)                                \
  X(napi_get_dataview_info, arraybuffer, with.list[2], NULL, NULL, &with.result, NULL)             \
  X(node_api_create_sharedarraybuffer, result, 8, &with.data, &with.result)                        \
  X(napi_create_promise, promise, &with.deferred, &with.result)                                    \
  X(napi_run_script, result, with.text, &with.result)                                              \
  X(napi_create_date, result, 1, &with.result)                                                     \
  X(napi_create_bigint_int64, result, 1, &with.result)                                             \
  X(napi_create_bigint_uint64, result, 1, &with.result)                                            \
  X(napi_create_bigint_words, result, 0, 2, words, &with.result)                                   \
  X(napi_get_all_property_names, result, with.object, napi_key_own_only, napi_key_all_properties,  \
    napi_key_keep_numbers, &with.result)                                                           \
  X(napi_make_callback, result, NULL, with.object, with.fn, 0, NULL, &with.result)                 \
  X(napi_create_buffer, result, 8, &with.data, &with.result)                                       \
  X(napi_create_external_buffer, result, 8, a_cell(), no_finalizer, NULL, &with.result)            \
  X(node_api_create_buffer_from_arraybuffer, result, with.list[0], 0, 8, &with.result)             \
  X(napi_create_buffer_copy, result, 8, with.bytes, NULL, &with.result)                            \
  X(node_api_create_object_with_properties, result, with.object, NULL, NULL, 0, &with.result)      \
  X(node_api_create_object_with_named_properties, result, &with.result, 0, NULL, NULL)

/* A set of what the calls use. */
static void prepare(napi_env env, napi_callback_info info) {
  napi_value promise;
  memset(&with, 0, sizeof with);
  with.info = info;
  with.tag = (napi_type_tag){1, 2};
  with.text = a_text(env);
  with.object = an_array(env);
  with.number = a_number(env);
  with.fn = a_function(env);
  with.class = a_class(env);
  MUST(napi_set_property(env, with.object, with.text, with.number));
  MUST(napi_create_promise(env, &with.deferred, &promise));
}

/* Undoes what a call has made. */
static void settle(napi_env env) {
  bool pending;
  napi_value undefined;
  if (with.callback_scope)
    MUST(napi_close_callback_scope(env, with.callback_scope));
  MUST(napi_is_exception_pending(env, &pending));
  if (pending)
    MUST(napi_get_and_clear_last_exception(env, &undefined));
  if (with.reference)
    MUST(napi_delete_reference(env, with.reference));
  if (with.work)
    MUST(napi_delete_async_work(env, with.work));
  if (with.context)
    MUST(napi_async_destroy(env, with.context));
  if (with.tsfn)
    MUST(napi_release_threadsafe_function(with.tsfn, napi_tsfn_abort));
  if (with.deferred) {
    MUST(napi_get_undefined(env, &undefined));
    MUST(napi_resolve_deferred(env, with.deferred, undefined));
  }
}

#ifdef ADDON_KEEPS_SCOPES
#define CLOSE_EARLY 0 /* the twin: closes its scopes when all is done */
#else
#define CLOSE_EARLY 1
#endif

typedef void (*user)(napi_env env, napi_value v);

/* Makes the value in question, lets `use` use it. */
static void in(napi_env env, napi_callback_info info, napi_value (*make)(napi_env), user use,
               const char *function, const char *parameter) {
  napi_handle_scope all, inner, again;
  if (dlsym(RTLD_DEFAULT, function) == NULL) {
    printf("absent %s\n", function);
    return;
  }
  printf("in %s %s\n", function, parameter);
  MUST(napi_open_handle_scope(env, &all));
  prepare(env, info);
  if (strcmp(function, "napi_open_callback_scope") == 0)
    MUST(napi_async_init(env, NULL, with.text, &with.context));
  MUST(napi_open_handle_scope(env, &inner));
  napi_value value = make(env);
  if (CLOSE_EARLY)
    MUST(napi_close_handle_scope(env, inner)); /* DEFECT closed */
  MUST(napi_open_handle_scope(env, &again));
  napi_value same = make(env);
  if (CLOSE_EARLY)
    MUST_BE((uint64_t)(uintptr_t)value << 16 == (uint64_t)(uintptr_t)same << 16);
  use(env, value);
  /* Settled already. */
  if (strcmp(function, "napi_resolve_deferred") == 0 ||
      strcmp(function, "napi_reject_deferred") == 0)
    with.deferred = NULL;
  settle(env);
  MUST(napi_close_handle_scope(env, again));
  if (!CLOSE_EARLY)
    MUST(napi_close_handle_scope(env, inner));
  MUST(napi_close_handle_scope(env, all));
}

static napi_value room[8];

/* Lets `make` leave a value in with.result, closes the scope, and uses the value. */
static void out(napi_env env, napi_callback_info info, user make, user use, const char *function,
                const char *parameter) {
  napi_handle_scope all, inner, again;
  if (dlsym(RTLD_DEFAULT, function) == NULL) {
    printf("absent %s\n", function);
    return;
  }
  printf("out %s %s\n", function, parameter);
  MUST(napi_open_handle_scope(env, &all));
  prepare(env, info);
  MUST(napi_create_reference(env, with.object, 1, &with.reference));
  with.list[0] = an_arraybuffer(env);
  with.list[1] = a_typedarray(env);
  with.list[2] = a_dataview(env);
  napi_deferred made_before = with.deferred;
  MUST(napi_open_handle_scope(env, &inner));
  make(env, NULL);
  if (CLOSE_EARLY)
    MUST(napi_close_handle_scope(env, inner)); /* DEFECT closed */
  MUST(napi_open_handle_scope(env, &again));
  /* The slots after the closed scope's begin hold sound values again. */
  for (int i = 0; i < 8; i++)
    room[i] = a_number(env);
  use(env, with.result);
  napi_deferred second = with.deferred;
  with.deferred = made_before;
  settle(env);
  if (second != made_before)
    MUST(napi_resolve_deferred(env, second, with.number));
  MUST(napi_close_handle_scope(env, again));
  if (!CLOSE_EARLY)
    MUST(napi_close_handle_scope(env, inner));
  MUST(napi_close_handle_scope(env, all));
}

#define FIND(function)                                                                             \
  __typeof__(function) *function##_found;                                                          \
  *(void **)&function##_found = dlsym(RTLD_DEFAULT, #function)

#define DEFINE_IN(function, parameter, make, ...)                                                  \
  ADDON_FRAME static void in__##function##__##parameter(napi_env env, napi_value v) {              \
    FIND(function);                                                                                \
    function##_found(env, __VA_ARGS__);                                                            \
    __asm__ volatile("" ::: "memory"); /* no tail call: the frame has to stand */                  \
  }
ALL_IN(DEFINE_IN)

#define DEFINE_OUT(function, parameter, ...)                                                       \
  static void make__##function##__##parameter(napi_env env, napi_value v) {                        \
    FIND(function);                                                                                \
    MUST(function##_found(env, __VA_ARGS__));                                                      \
  }                                                                                                \
  ADDON_FRAME static void out__##function##__##parameter(napi_env env, napi_value v) {             \
    napi_typeof(env, v, &with.type);                                                               \
    __asm__ volatile("" ::: "memory");                                                             \
  }
ALL_OUT(DEFINE_OUT)

/* The arguments of a callback and its `this` live as long as the callback. */
static napi_value argument, receiver;
static napi_value keep(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  MUST(napi_get_cb_info(env, info, &argc, &argument, &receiver, NULL));
  return NULL;
}
ADDON_FRAME static void out__napi_get_cb_info__argv(napi_env env, napi_value v) {
  napi_typeof(env, v, &with.type);
  __asm__ volatile("" ::: "memory");
}
ADDON_FRAME static void out__napi_get_cb_info__this_arg(napi_env env, napi_value v) {
  napi_typeof(env, v, &with.type);
  __asm__ volatile("" ::: "memory");
}

ADDON_FRAME static void in__napi_escape_handle__escapee(napi_env env, napi_value v) {
  napi_escapable_handle_scope scope;
  MUST(napi_open_escapable_handle_scope(env, &scope));
  napi_escape_handle(env, scope, v, &with.result);
  MUST(napi_close_escapable_handle_scope(env, scope));
}
static void make__napi_escape_handle__result(napi_env env, napi_value v) {
  napi_escapable_handle_scope scope;
  MUST(napi_open_escapable_handle_scope(env, &scope));
  MUST(napi_escape_handle(env, scope, addon_object(env), &with.result));
  MUST(napi_close_escapable_handle_scope(env, scope));
}
ADDON_FRAME static void out__napi_escape_handle__result(napi_env env, napi_value v) {
  napi_typeof(env, v, &with.type);
  __asm__ volatile("" ::: "memory");
}
static void make__napi_get_and_clear_last_exception__result(napi_env env, napi_value v) {
  MUST(napi_throw(env, an_error(env)));
  MUST(napi_get_and_clear_last_exception(env, &with.result));
}
ADDON_FRAME static void out__napi_get_and_clear_last_exception__result(napi_env env, napi_value v) {
  napi_typeof(env, v, &with.type);
  __asm__ volatile("" ::: "memory");
}

/* So does new.target. Its slot holds that of the next call from the same place. */
static napi_value target;
ADDON_FRAME static void out__napi_get_new_target__result(napi_env env, napi_value v) {
  napi_typeof(env, v, &with.type);
  __asm__ volatile("" ::: "memory");
}
static napi_value construct(napi_env env, napi_callback_info info) {
  if (target == NULL || !CLOSE_EARLY)
    MUST(napi_get_new_target(env, info, &target));
  else
    puts("out napi_get_new_target result");
  out__napi_get_new_target__result(env, target);
  return NULL;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value class, instance;
  MUST(napi_define_class(env, "C", 1, construct, NULL, 0, NULL, &class));
  target = NULL;
  for (int i = 0; i < 2; i++)
    MUST(napi_new_instance(env, class, 0, NULL, &instance));
#define RUN_IN(function, parameter, make, ...)                                                     \
  in(env, info, make, in__##function##__##parameter, #function, #parameter);
  ALL_IN(RUN_IN)
  in(env, info, an_object, in__napi_escape_handle__escapee, "napi_escape_handle", "escapee");
#define RUN_OUT(function, parameter, ...)                                                          \
  out(env, info, make__##function##__##parameter, out__##function##__##parameter, #function,       \
      #parameter);
  ALL_OUT(RUN_OUT)
  out(env, info, make__napi_escape_handle__result, out__napi_escape_handle__result,
      "napi_escape_handle", "result");
  out(env, info, make__napi_get_and_clear_last_exception__result,
      out__napi_get_and_clear_last_exception__result, "napi_get_and_clear_last_exception",
      "result");
  return NULL;
}

/* Called inside a callback that calls keep. */
static napi_value use_kept(napi_env env, napi_callback_info info) {
  for (int i = 0; i < 8; i++)
    room[i] = a_number(env);
#ifndef ADDON_KEEPS_SCOPES
  puts("out napi_get_cb_info argv\nout napi_get_cb_info this_arg");
  out__napi_get_cb_info__argv(env, argument);
  out__napi_get_cb_info__this_arg(env, receiver);
#endif
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"keep", keep}, {"use_kept", use_kept})
