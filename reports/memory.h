// memory.h: memory that cannot fail, arenas, growing arrays and a map from numbers to pointers.
//
// The reader is a short-lived program of our own: when memory runs out it says so in one line and
// exits with 2. What a report consists of hangs on one arena and goes away with it, so nothing in
// it is freed alone.
#ifndef NAPICHECK_REPORTS_MEMORY_H
#define NAPICHECK_REPORTS_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct nck_arena_block;

// Zero-initialised is empty and ready.
struct nck_arena {
  struct nck_arena_block *blocks;
};

// Zeroed bytes that live as long as the arena, aligned for any type.
void *nck_arena_take(struct nck_arena *arena, size_t bytes);
// A copy of `count` items; NULL for none.
void *nck_arena_copy(struct nck_arena *arena, const void *items, size_t count, size_t item_bytes);
// Formatted text, not cleaned.
char *nck_arena_print(struct nck_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *nck_arena_vprint(struct nck_arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
// A copy of text from outside (a record, an ELF file, package.json): valid UTF-8 without control
// characters, so that it can neither break a report's syntax nor speak to a terminal. What does not
// fit becomes `?`; line feed and tab become a blank.
// "" for NULL.
char *nck_arena_clean(struct nck_arena *arena, const char *text);
char *nck_arena_clean_n(struct nck_arena *arena, const char *text, size_t length);
void nck_arena_drop(struct nck_arena *arena);

// malloc, calloc and realloc that do not return without the memory. The caller frees.
void *nck_memory_take(size_t count, size_t item_bytes);
void *nck_memory_resize(void *block, size_t count, size_t item_bytes);
char *nck_memory_text(const char *text);

// Makes room for `needed` items in a growing array; returns the array, which may have moved.
void *nck_memory_grow(void *array, size_t *capacity, size_t needed, size_t item_bytes);

// A map from 64-bit keys to pointers. Zero-initialised is empty and ready. It does not own what it
// points to.
struct nck_map {
  struct nck_map_slot {
    uint64_t key;
    void *value; // NULL: free
  } * slots;
  size_t n_slots, n_used;
};

// A key for a text.
uint64_t nck_map_hash(const char *text);
void *nck_map_find(const struct nck_map *map, uint64_t key);
// The value's place, for reading and writing; a new one holds NULL and must be set before the next
// call.
void **nck_map_place(struct nck_map *map, uint64_t key);
void nck_map_drop(struct nck_map *map);

// A text that grows, for composing lines. Zero-initialised is empty; `text` is NULL until something
// was added.
struct nck_text {
  char *text;
  size_t length, capacity;
};

void nck_text_add(struct nck_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void nck_text_add_n(struct nck_text *text, const char *bytes, size_t length);
void nck_text_drop(struct nck_text *text);

#endif
