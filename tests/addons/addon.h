/*
 * addon.h - what every test addon needs: a check, an export table, nothing hidden.
 *
 * Marks in the sources name the line that a report has to show. "DEFECT role" stands on the line
 * that is wrong, "AT role" on another line of the same story; role is the role of the stack in the
 * report. A mark stands for the whole statement that ends on its line.
 */
#ifndef NCK_TESTS_ADDON_H
#define NCK_TESTS_ADDON_H

/* The npm package of the headers holds no experimental part; the version a module declares is what
 * counts. */
#ifdef ADDON_EXPERIMENTAL
#define NAPI_VERSION 2147483647
#endif

#include <node_api.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Keeps a function a frame of its own: the tests name the function that a stack must show. */
#define ADDON_FRAME __attribute__((noinline, unused))

/* A function of the addon that JavaScript can call. */
struct addon_export {
  const char *name;
  napi_callback callback;
};

ADDON_FRAME static void addon_fail(const char *file, int line, const char *call, int status) {
  fprintf(stderr, "%s:%d: %s: status %d\n", file, line, call, status);
  exit(70);
}

/* For calls that cannot fail in a sound run; a set-up that fails must not look like a pass. */
#define MUST(call)                                                                                 \
  do {                                                                                             \
    int addon_status = (int)(call);                                                                \
    if (addon_status != (int)napi_ok)                                                              \
      addon_fail(__FILE__, __LINE__, #call, addon_status);                                         \
  } while (0)

/* For plain conditions of the test itself. */
#define MUST_BE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition))                                                                              \
      addon_fail(__FILE__, __LINE__, #condition, -1);                                              \
  } while (0)

ADDON_FRAME static void addon_export_all(napi_env env, napi_value exports,
                                         const struct addon_export *table, size_t n_functions) {
  for (size_t i = 0; i < n_functions; i++) {
    napi_value function;
    MUST(napi_create_function(env, table[i].name, NAPI_AUTO_LENGTH, table[i].callback, NULL,
                              &function));
    MUST(napi_set_named_property(env, exports, table[i].name, function));
  }
}

/* ADDON_EXPORTS({"run", run}, {"stop", stop}) makes the module's initialiser. */
#define ADDON_EXPORTS(...)                                                                         \
  NAPI_MODULE_INIT() {                                                                             \
    static const struct addon_export addon_table[] = {__VA_ARGS__};                                \
    addon_export_all(env, exports, addon_table, sizeof addon_table / sizeof addon_table[0]);       \
    return exports;                                                                                \
  }

ADDON_FRAME static napi_value addon_object(napi_env env) {
  napi_value object;
  MUST(napi_create_object(env, &object));
  return object;
}

ADDON_FRAME static napi_value addon_number(napi_env env, double number) {
  napi_value value;
  MUST(napi_create_double(env, number, &value));
  return value;
}

/* The first argument of a callback; the others are of no interest to the tests. */
ADDON_FRAME static napi_value addon_argument(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  MUST(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  return argv[0];
}

/* A pointer as a BigInt and back: the way one addon or one thread hands a raw handle to another. */
ADDON_FRAME static napi_value addon_pointer_out(napi_env env, const void *pointer) {
  napi_value value;
  MUST(napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)pointer, &value));
  return value;
}

ADDON_FRAME static void *addon_pointer_in(napi_env env, napi_callback_info info) {
  uint64_t number;
  bool lossless;
  MUST(napi_get_value_bigint_uint64(env, addon_argument(env, info), &number, &lossless));
  return (void *)(uintptr_t)number;
}

/*
 * Writes over the part of the stack below the caller, where dead copies of handles lie. The
 * compiler must not see through it, so the memory is handed to an asm statement.
 */
ADDON_FRAME static void addon_scrub_stack(void) {
  unsigned char waste[16384];
  memset(waste, 0x5a, sizeof waste);
  __asm__ volatile("" : : "r"(waste) : "memory");
}

#ifdef __cplusplus
}
#endif

#endif
