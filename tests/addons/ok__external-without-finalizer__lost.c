/*
 * ok__external-without-finalizer__lost.c - memory without a finalizer that somebody else frees, or
 * could free: on request, by a number, at the end, through a pointer into its middle, with flags in
 * it; or that is nobody's to free.
 */
#include "addon.h"

enum { MOST = 4096, BYTES = 40 };
static volatile uintptr_t kept[MOST]; /* as addresses of the middle, or with flags above */
static size_t n_kept;
static char statics[MOST];

static napi_value wrap_up(napi_env env, void *memory) {
  napi_value value;
  MUST(napi_create_external(env, memory, NULL, NULL, &value));
  return value;
}

static char *take(size_t bytes) {
  char *memory = (char *)malloc(bytes);
  MUST_BE(memory != NULL && n_kept < MOST);
  memset(memory, 'x', bytes);
  return memory;
}

/* The caller hands it back to drop(). */
static napi_value make(napi_env env, napi_callback_info info) { return wrap_up(env, take(BYTES)); }

static napi_value make_large(napi_env env, napi_callback_info info) {
  return wrap_up(env, take(5000));
}

static napi_value make_buffer(napi_env env, napi_callback_info info) {
  napi_value value;
  MUST(napi_create_external_buffer(env, BYTES, take(BYTES), NULL, NULL, &value));
  return value;
}

static napi_value drop(napi_env env, napi_callback_info info) {
  void *memory;
  MUST(napi_get_value_external(env, addon_argument(env, info), &memory));
  free(memory);
  return NULL;
}

/* As an FFI does: JavaScript gets the address as a number, and frees by it later, or never. */
static napi_value address(napi_env env, napi_callback_info info) {
  void *memory = take(BYTES);
  wrap_up(env, memory);
  return addon_number(env, (double)(uintptr_t)memory);
}

static napi_value middle(napi_env env, napi_callback_info info) {
  char *memory = take(BYTES);
  kept[n_kept++] = (uintptr_t)memory + 24;
  return wrap_up(env, memory);
}

static napi_value release(napi_env env, napi_callback_info info) {
  while (n_kept > 0) {
    free((void *)(kept[--n_kept] - 24));
    kept[n_kept] = 0;
  }
  return NULL;
}

static napi_value flags(napi_env env, napi_callback_info info) {
  char *memory = take(BYTES);
  kept[n_kept++] = (uintptr_t)memory | (uintptr_t)7 << 60;
  return wrap_up(env, memory);
}

static napi_value of_static(napi_env env, napi_callback_info info) {
  return wrap_up(env, &statics[n_kept++]);
}

/* One block for many, which is kept by its start alone. */
static char *arena;
static napi_value in_arena(napi_env env, napi_callback_info info) {
  if (arena == NULL)
    arena = take(MOST * 16);
  return wrap_up(env, arena + 16 * (n_kept++ % MOST));
}

ADDON_EXPORTS({"make", make}, {"makeLarge", make_large}, {"makeBuffer", make_buffer},
              {"drop", drop}, {"address", address}, {"middle", middle}, {"release", release},
              {"flags", flags}, {"ofStatic", of_static}, {"inArena", in_arena})
