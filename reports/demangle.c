// demangle.c: C++ and Rust names as people write them.
#include "demangle.h"

#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

// Longer names are not worth the time that a hostile one could cost.
#define LONGEST_SYMBOL 8192u

// Length of a C name without what a compiler appended to a clone of the function.
static size_t length_without_suffix(const char *symbol) {
  static const char *const suffixes[] = {".constprop.", ".isra.",     ".part.",
                                         ".cold",       ".lto_priv.", ".llvm."};
  size_t length = strlen(symbol);
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    const char *found = strstr(symbol, suffixes[i]);
    if (found && found != symbol && (size_t)(found - symbol) < length)
      length = (size_t)(found - symbol);
  }
  return length;
}

const char *nck_demangle(struct nck_arena *arena, const char *symbol) {
  if (strlen(symbol) <= LONGEST_SYMBOL && symbol[0] == '_') {
    // A clone of a C++ function would be shown with "[clone .constprop.0]", which says nothing to
    // its author.
    size_t length = length_without_suffix(symbol);
    char *plain = strndup(symbol, length);
    char *name =
        plain ? cplus_demangle(plain, DMGL_AUTO | DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP) : NULL;
    free(plain);
    if (name) {
      const char *clean = nck_arena_clean(arena, name);
      free(name);
      return clean;
    }
  }
  return nck_arena_clean_n(arena, symbol, length_without_suffix(symbol));
}

const char *nck_demangle_short(struct nck_arena *arena, const char *function) {
  // The parameter list is the last pair of parentheses at the outermost level that something other
  // than a qualifier or the call operator stands before: "f(int) const", "C::operator()(int)",
  // "(anonymous namespace)::f(char*)::{lambda(int)#1}".
  size_t length = strlen(function), end = length;
  static const char *const qualifiers[] = {" const", " volatile", " &", " &&", " noexcept"};
  for (bool again = true; again;) {
    again = false;
    for (size_t i = 0; i < sizeof qualifiers / sizeof *qualifiers; i++) {
      size_t n = strlen(qualifiers[i]);
      if (end > n && !strncmp(function + end - n, qualifiers[i], n)) {
        end -= n;
        again = true;
      }
    }
  }
  if (!end || function[end - 1] != ')')
    return nck_arena_clean(arena, function);
  size_t depth = 0, at = end;
  while (at > 0) {
    at--;
    if (function[at] == ')')
      depth++;
    else if (function[at] == '(' && --depth == 0)
      break;
  }
  if (depth || !at || function[at - 1] == ':' || function[at - 1] == ' ')
    return nck_arena_clean(arena, function);
  if (at >= 8 && !strncmp(function + at - 8, "operator", 8))
    return nck_arena_clean(arena, function);
  return nck_arena_clean_n(arena, function, at);
}

static bool starts_with(const char *text, const char *start) {
  return !strncmp(text, start, strlen(start));
}

bool nck_demangle_is_binding(const char *function, const char *file) {
  if (!strcmp(file, "napi.h") || !strcmp(file, "napi-inl.h") ||
      !strcmp(file, "napi-inl.deprecated.h"))
    return true;
  static const char *const starts[] = {"Napi::", "napi::",  "napi_sys::",  "neon::", "std::",
                                       "core::", "alloc::", "__gnu_cxx::", "__rust_"};
  // Rust writes a trait's method as "<napi::Ref as core::ops::Drop>::drop": it belongs to the type,
  // not to the trait.
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
    if (starts_with(function, starts[i]) ||
        (*function == '<' && starts_with(function + 1, starts[i])))
      return true;
  }
  return false;
}
