// memory.c: memory that cannot fail, arenas, growing arrays and a map from numbers to pointers.
#include "memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES 65536u
#define ARENA_ALIGN 16u

struct nck_arena_block {
  struct nck_arena_block *next;
  size_t used, capacity;
  _Alignas(ARENA_ALIGN) unsigned char bytes[];
};

static void fail(void) __attribute__((noreturn));

static void fail(void) {
  fputs("napicheck: not enough memory\n", stderr);
  exit(2);
}

void *nck_memory_take(size_t count, size_t item_bytes) {
  void *block = calloc(count ? count : 1, item_bytes ? item_bytes : 1);
  if (!block)
    fail();
  return block;
}

void *nck_memory_resize(void *block, size_t count, size_t item_bytes) {
  block = reallocarray(block, count ? count : 1, item_bytes);
  if (!block)
    fail();
  return block;
}

char *nck_memory_text(const char *text) {
  char *copy = strdup(text);
  if (!copy)
    fail();
  return copy;
}

void *nck_memory_grow(void *array, size_t *capacity, size_t needed, size_t item_bytes) {
  if (needed <= *capacity)
    return array;
  size_t wanted = *capacity ? *capacity : 8;
  while (wanted < needed) {
    if (wanted > SIZE_MAX / 2)
      fail();
    wanted *= 2;
  }
  array = nck_memory_resize(array, wanted, item_bytes);
  *capacity = wanted;
  return array;
}

void *nck_arena_take(struct nck_arena *arena, size_t bytes) {
  if (bytes > SIZE_MAX / 2)
    fail();
  bytes = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
  struct nck_arena_block *block = arena->blocks;
  if (!block || block->capacity - block->used < bytes) {
    size_t capacity = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
    block = nck_memory_take(1, sizeof *block + capacity);
    block->capacity = capacity;
    // A large piece does not end the life of a block that still has room.
    if (bytes > ARENA_BLOCK_BYTES && arena->blocks) {
      block->next = arena->blocks->next;
      arena->blocks->next = block;
    } else {
      block->next = arena->blocks;
      arena->blocks = block;
    }
  }
  void *piece = block->bytes + block->used;
  block->used += bytes;
  return piece;
}

void *nck_arena_copy(struct nck_arena *arena, const void *items, size_t count, size_t item_bytes) {
  if (!count)
    return NULL;
  void *copy = nck_arena_take(arena, count * item_bytes);
  memcpy(copy, items, count * item_bytes);
  return copy;
}

char *nck_arena_vprint(struct nck_arena *arena, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length < 0)
    length = 0;
  char *text = nck_arena_take(arena, (size_t)length + 1);
  vsnprintf(text, (size_t)length + 1, format, args);
  return text;
}

char *nck_arena_print(struct nck_arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = nck_arena_vprint(arena, format, args);
  va_end(args);
  return text;
}

// Length of the UTF-8 sequence at `bytes` (shortest form, no surrogates, no control characters), 0
// when there is none.
static size_t sequence_length(const unsigned char *bytes, size_t left) {
  unsigned char first = bytes[0];
  if (first >= 0x20 && first < 0x7f)
    return 1;
  size_t length = first >= 0xc2 && first < 0xe0   ? 2
                  : first >= 0xe0 && first < 0xf0 ? 3
                  : first >= 0xf0 && first < 0xf5 ? 4
                                                  : 0;
  if (!length || length > left)
    return 0;
  for (size_t i = 1; i < length; i++) {
    if ((bytes[i] & 0xc0) != 0x80)
      return 0;
  }
  unsigned char second = bytes[1];
  if (first == 0xc2 && second < 0xa0) // C1 controls: terminals obey them too
    return 0;
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
    return 0;
  return length;
}

char *nck_arena_clean_n(struct nck_arena *arena, const char *text, size_t length) {
  char *clean = nck_arena_take(arena, length + 1), *end = clean;
  const unsigned char *bytes = (const unsigned char *)text;
  while (length) {
    size_t n = sequence_length(bytes, length);
    if (n) {
      memcpy(end, bytes, n);
      end += n;
    } else {
      *end++ = *bytes == '\n' || *bytes == '\t' ? ' ' : '?';
      n = 1;
    }
    bytes += n;
    length -= n;
  }
  *end = '\0';
  return clean;
}

char *nck_arena_clean(struct nck_arena *arena, const char *text) {
  return text ? nck_arena_clean_n(arena, text, strlen(text)) : nck_arena_take(arena, 1);
}

void nck_arena_drop(struct nck_arena *arena) {
  while (arena->blocks) {
    struct nck_arena_block *block = arena->blocks;
    arena->blocks = block->next;
    free(block);
  }
}

static size_t slot_of(const struct nck_map *map, uint64_t key) {
  uint64_t hash = key;
  hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ull;
  size_t slot = (size_t)(hash >> 20) & (map->n_slots - 1);
  while (map->slots[slot].value && map->slots[slot].key != key)
    slot = (slot + 1) & (map->n_slots - 1);
  return slot;
}

uint64_t nck_map_hash(const char *text) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (; *text; text++)
    hash = (hash ^ (unsigned char)*text) * 0x100000001b3ull;
  return hash;
}

void *nck_map_find(const struct nck_map *map, uint64_t key) {
  return map->n_slots ? map->slots[slot_of(map, key)].value : NULL;
}

void **nck_map_place(struct nck_map *map, uint64_t key) {
  if (map->n_used * 4 >= map->n_slots * 3) {
    struct nck_map larger = {.n_slots = map->n_slots ? map->n_slots * 2 : 64};
    larger.slots = nck_memory_take(larger.n_slots, sizeof *larger.slots);
    for (size_t i = 0; i < map->n_slots; i++) {
      if (map->slots[i].value) {
        larger.slots[slot_of(&larger, map->slots[i].key)] = map->slots[i];
        larger.n_used++;
      }
    }
    free(map->slots);
    *map = larger;
  }
  struct nck_map_slot *slot = &map->slots[slot_of(map, key)];
  if (!slot->value) {
    slot->key = key;
    map->n_used++;
  }
  return &slot->value;
}

void nck_map_drop(struct nck_map *map) {
  free(map->slots);
  *map = (struct nck_map){0};
}

void nck_text_add_n(struct nck_text *text, const char *bytes, size_t length) {
  text->text = nck_memory_grow(text->text, &text->capacity, text->length + length + 1, 1);
  memcpy(text->text + text->length, bytes, length);
  text->length += length;
  text->text[text->length] = '\0';
}

void nck_text_add(struct nck_text *text, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length > 0) {
    size_t room = (size_t)length + 1;
    text->text = nck_memory_grow(text->text, &text->capacity, text->length + room, 1);
    vsnprintf(text->text + text->length, room, format, args);
    text->length += (size_t)length;
  }
  va_end(args);
}

void nck_text_drop(struct nck_text *text) {
  free(text->text);
  *text = (struct nck_text){0};
}
