// scan.c: a conservative search for our tokens. Contracts in scan.h.
//
// Two passes, each with mappings and threads read anew: words at their natural places, then, for
// what was not found, words at every byte. A token's 16 tag bits stand nowhere else, so the inner
// loops compare two bytes and nothing else, 64 bytes at a time.
#define _GNU_SOURCE
#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "module.h"
#include "object.h"
#include "own.h"
#include "recorder.h"
#include "stack.h"

// In the order in which they are searched: the first copy found is the one that is told.
enum kind {
  KIND_STATIC, // data of a module
  KIND_STACK,
  KIND_HEAP,
  KIND_SHARED,
  KIND_OTHER,
  N_KINDS
};

struct region {
  uintptr_t low, high;
  enum kind kind;
  bool is_private;
  bool is_writable;
};

struct stack {
  uintptr_t live_low, high;
  uint32_t tid;
};

struct sought {
  uint32_t slot, generation;
};

enum {
  BLOCK_BYTES = 256 << 10,
  FLAG_PAGES = 4096, // entries of pagemap read at a time
  MOST_HOLES = 4096,
  MOST_STACKS = 8192,
  MAPS_BYTES = 1 << 20, // first guess
  // Beyond this, memory that cannot be accessed is address space that is kept for later.
  MOST_SEALED_BYTES = 64 << 20,
  MOST_STACK_BYTES = 256 << 20
};

#define MOST_FLAGGED_BYTES ((uintptr_t)1 << 40)

// Bits of an entry of /proc/self/pagemap.
#define PAGE_PRESENT (1ull << 63)
#define PAGE_SWAPPED (1ull << 62)
#define PAGE_OF_FILE (1ull << 61) // or shared
#define PAGE_GUARD (1ull << 58)

struct scan {
  const char *trouble; // NULL: none
  int mem, pagemap;    // descriptors; -1: none
  bool has_page_scan;  // until it is known that the kernel has it not
  pid_t pid;
  uintptr_t page_bytes;
  uintptr_t own_sp; // below it the calling thread's stack is dead
  uint64_t bytes;   // read

  // Blocks of memory that words may point into, instead of tokens; sorted.
  const struct nck_range *blocks; // NULL: tokens
  bool *is_found;
  size_t n_blocks;
  uintptr_t near_low, near_bytes;    // around all of them
  uint64_t number_low, number_bytes; // the same as JavaScript's numbers

  struct sought *sought;
  size_t n_sought, n_left;
  uint64_t *pending; // a bit for each slot
  uint64_t n_slots;

  struct region *regions;
  size_t n_regions, max_regions;
  struct nck_range *holes; // sorted, what is not to be read
  size_t n_holes;
  struct stack *stacks;
  size_t n_stacks;

  uint8_t *block;
  uint64_t *flags;
  enum kind kind; // of the region that is being read
  bool anywhere;  // at every byte
};

// --- what is looked for ---

static bool is_pending(const struct scan *scan, uint32_t slot) {
  return scan->pending[slot / 64] >> slot % 64 & 1;
}

static bool is_same_object(const struct nck_object *object, uint32_t generation) {
  return __atomic_load_n(&object->state, __ATOMIC_ACQUIRE) == NCK_OBJECT_LIVE &&
         object->generation == generation;
}

static bool collect(struct scan *scan, bool (*wanted)(uint32_t, void *), void *arg) {
  uint64_t n = __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_OBJECT], __ATOMIC_ACQUIRE);
  if (n > NCK_TOKEN_MAX_SLOT + 1ull)
    n = NCK_TOKEN_MAX_SLOT + 1ull;
  scan->n_slots = n;
  scan->pending = nck_own_alloc((n / 64 + 1) * sizeof *scan->pending);
  if (scan->pending == NULL)
    return false;
  for (uint64_t i = 1; i < n; i++) {
    const struct nck_object *object = &nck_recorder.objects[i];
    if (object->state == NCK_OBJECT_LIVE && object->evidence == NCK_EVIDENCE_NONE &&
        wanted((uint32_t)i, arg)) {
      scan->pending[i / 64] |= 1ull << i % 64;
      scan->n_sought++;
    }
  }
  if (scan->n_sought == 0)
    return true;
  scan->sought = nck_own_alloc(scan->n_sought * sizeof *scan->sought);
  if (scan->sought == NULL)
    return false;
  size_t at = 0;
  for (uint64_t i = 1; i < n && at < scan->n_sought; i++)
    if (is_pending(scan, (uint32_t)i))
      scan->sought[at++] = (struct sought){(uint32_t)i, nck_recorder.objects[i].generation};
  scan->n_left = scan->n_sought;
  return true;
}

static void tell(const struct scan *scan, struct nck_object *object, uintptr_t address) {
  enum nck_evidence evidence = NCK_EVIDENCE_OTHER;
  uint64_t offset = address;
  uint32_t module = nck_module_find_data(address, &offset);

  if (module != 0) {
    evidence = NCK_EVIDENCE_STATIC;
  } else if (scan->kind == KIND_SHARED) {
    evidence = NCK_EVIDENCE_SHARED;
  } else if (scan->kind != KIND_OTHER) {
    evidence = NCK_EVIDENCE_HEAP;
    for (size_t i = 0; i < scan->n_stacks; i++) {
      if (address >= scan->stacks[i].live_low && address < scan->stacks[i].high) {
        evidence = NCK_EVIDENCE_STACK;
        offset = scan->stacks[i].tid;
        break;
      }
    }
  }
  object->held_module = (uint16_t)module;
  object->held_offset = offset;
  __atomic_store_n(&object->evidence, (uint8_t)evidence, __ATOMIC_RELEASE);
}

static void found_tag(struct scan *scan, uint64_t word, uintptr_t address) {
  uint32_t slot = nck_token_slot(word);
  if (slot >= scan->n_slots || !is_pending(scan, slot))
    return;
  struct nck_object *object = &nck_recorder.objects[slot];
  if (!is_same_object(object, nck_token_generation(word)))
    return;
  scan->pending[slot / 64] &= ~(1ull << slot % 64);
  scan->n_left--;
  tell(scan, object, address);
}

// --- comparing ---

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

static void compare_words(struct scan *scan, uintptr_t address, size_t n_bytes) {
  const uint8_t *block = scan->block;
  size_t at = 0;

  for (; at + 64 <= n_bytes; at += 64) {
    if (__builtin_expect(!nck_token_may_be_in(block + at), 1))
      continue;
    for (size_t i = at; i < at + 64; i += 8) {
      uint64_t word;
      memcpy(&word, block + i, 8);
      if (nck_token_is_tagged(word))
        found_tag(scan, word, address + i);
    }
  }
  for (; at + 8 <= n_bytes; at += 8) {
    uint64_t word;
    memcpy(&word, block + at, 8);
    if (nck_token_is_tagged(word))
      found_tag(scan, word, address + at);
  }
}

static void compare_bytes(struct scan *scan, uintptr_t address, size_t n_bytes) {
  const uint8_t *block = scan->block;
  const uint8_t l = (uint8_t)(NCK_TOKEN_TAG >> 48), h = (uint8_t)(NCK_TOKEN_TAG >> 56);
  const bytes16 low = {l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l};
  const bytes16 high = {h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h};
  size_t at = 6; // of the tag's lower byte: a word begins six bytes before it

  for (; at + 17 <= n_bytes; at += 16) {
    bytes16 these, next;
    memcpy(&these, block + at, 16);
    memcpy(&next, block + at + 1, 16);
    halves any = (halves)((these == low) & (next == high));
    if (__builtin_expect((any[0] | any[1]) == 0, 1))
      continue;
    for (size_t i = at; i < at + 16; i++) {
      uint64_t word;
      memcpy(&word, block + i - 6, 8);
      if (nck_token_is_tagged(word))
        found_tag(scan, word, address + i - 6);
    }
  }
  for (; at + 2 <= n_bytes; at++) {
    uint64_t word;
    memcpy(&word, block + at - 6, 8);
    if (nck_token_is_tagged(word))
      found_tag(scan, word, address + at - 6);
  }
}

// The bits of an address as a JavaScript number: greater addresses have greater bits.
static uint64_t number_bits(uintptr_t address) {
  double number = (double)address;
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  return bits;
}

// Addons keep flags in the upper bits of a pointer as well.
#define ADDRESS_MASK 0xffffffffffffull

static bool is_near(const struct scan *scan, uint64_t word) {
  return (word & ADDRESS_MASK) - scan->near_low < scan->near_bytes ||
         word - scan->number_low < scan->number_bytes;
}

static void found_near(struct scan *scan, uint64_t word) {
  uintptr_t address = word & ADDRESS_MASK;
  if (address - scan->near_low >= scan->near_bytes) {
    double number;
    memcpy(&number, &word, sizeof number);
    address = (uintptr_t)number;
  }
  size_t from = 0, to = scan->n_blocks;
  while (from < to) {
    size_t middle = (from + to) / 2;
    if (scan->blocks[middle].high <= address)
      from = middle + 1;
    else
      to = middle;
  }
  if (from == scan->n_blocks || address < scan->blocks[from].low || scan->is_found[from])
    return;
  scan->is_found[from] = true;
  scan->n_left--;
}

static void compare_pointers(struct scan *scan, size_t n_bytes) {
  size_t step = scan->anywhere ? 1 : 8;
  for (size_t at = 0; at + 8 <= n_bytes; at += step) {
    uint64_t word;
    memcpy(&word, scan->block + at, 8);
    if (__builtin_expect(is_near(scan, word), 0))
      found_near(scan, word);
  }
}

// --- reading memory ---

// process_vm_readv copies once and takes many pages at a time, so it is the faster by half;
// /proc/self/mem also reads what has no rights, and is allowed where system calls are filtered.
static ssize_t read_memory(const struct scan *scan, uintptr_t from, size_t n_bytes) {
  struct iovec here = {scan->block, n_bytes}, there = {(void *)from, n_bytes};
  ssize_t got = process_vm_readv(scan->pid, &here, 1, &there, 1, 0);
  if (got < 8 && scan->mem >= 0)
    got = pread(scan->mem, scan->block, n_bytes, (off_t)from);
  return got;
}

static void search_run(struct scan *scan, uintptr_t low, uintptr_t high) {
  while (low < high && scan->n_left > 0) {
    size_t n = high - low < BLOCK_BYTES ? high - low : BLOCK_BYTES;
    ssize_t got = read_memory(scan, low, n);
    if (got < 8) { // unmapped meanwhile, or not to be read: what is behind that page may be
      low = (low & -scan->page_bytes) + scan->page_bytes;
      continue;
    }
    size_t whole = (size_t)got & ~(size_t)7;
    scan->bytes += whole;
    if (scan->blocks != NULL)
      compare_pointers(scan, whole);
    else if (scan->anywhere)
      compare_bytes(scan, low, whole);
    else
      compare_words(scan, low, whole);
    // A word may lie across the end of a block.
    low += scan->anywhere && low + whole < high && whole > 8 ? whole - 8 : whole;
  }
}

// Linux 6.7 finds the pages by itself, and passes over what is not there by whole tables; not in
// the headers of Debian 12.
struct page_scan {
  uint64_t bytes, flags, start, end, walk_end, regions, n_regions, max_pages;
  uint64_t inverted, all, any, returned;
};
struct page_region {
  uint64_t start, end, categories;
};
#define PAGE_SCAN _IOWR('f', 16, struct page_scan)
enum { CATEGORY_FILE = 4, CATEGORY_PRESENT = 8, CATEGORY_SWAPPED = 16, CATEGORY_ZERO = 32 };

// Pages that were touched; of private mappings those that were written. False: not by this way.
static bool search_by_page_scan(struct scan *scan, const struct region *region, uintptr_t low,
                                uintptr_t high) {
  uint64_t unwanted = CATEGORY_ZERO | (region->is_private ? CATEGORY_FILE : 0);
  uintptr_t at = low & -scan->page_bytes, end = (high + scan->page_bytes - 1) & -scan->page_bytes;

  while (at < end && scan->n_left > 0) {
    struct page_scan request = {.bytes = sizeof request,
                                .start = at,
                                .end = end,
                                .regions = (uintptr_t)scan->flags,
                                .n_regions =
                                    FLAG_PAGES * sizeof *scan->flags / sizeof(struct page_region),
                                .inverted = unwanted,
                                .all = unwanted,
                                .any = CATEGORY_PRESENT | CATEGORY_SWAPPED,
                                .returned = CATEGORY_PRESENT};
    int n = ioctl(scan->pagemap, PAGE_SCAN, &request);
    if (n < 0 || request.walk_end <= at) {
      scan->has_page_scan = false;
      return at >= end;
    }
    const struct page_region *runs = (const struct page_region *)(const void *)scan->flags;
    for (int i = 0; i < n; i++)
      search_run(scan, runs[i].start > low ? runs[i].start : low,
                 runs[i].end < high ? runs[i].end : high);
    at = request.walk_end;
  }
  return true;
}

// The same by an entry for each page.
static void search_by_flags(struct scan *scan, const struct region *region, uintptr_t low,
                            uintptr_t high) {
  uintptr_t page = scan->page_bytes;
  uintptr_t run = 0; // begin of a run of pages; 0: none

  for (uintptr_t at = low & -page; at < high && scan->n_left > 0;) {
    size_t n = (high - at + page - 1) / page;
    if (n > FLAG_PAGES)
      n = FLAG_PAGES;
    ssize_t got = pread(scan->pagemap, scan->flags, n * sizeof *scan->flags,
                        (off_t)(at / page * sizeof *scan->flags));
    if (got < (ssize_t)sizeof *scan->flags)
      break;
    n = (size_t)got / sizeof *scan->flags;
    for (size_t i = 0; i < n; i++, at += page) {
      uint64_t flags = scan->flags[i];
      bool is_wanted = (flags & (PAGE_PRESENT | PAGE_SWAPPED)) != 0 &&
                       !(region->is_private && flags & PAGE_OF_FILE);
      if (is_wanted && run == 0)
        run = at > low ? at : low;
      if (!is_wanted && run != 0) {
        search_run(scan, run, at);
        run = 0;
      }
    }
  }
  if (run != 0)
    search_run(scan, run, high);
}

static void search_piece(struct scan *scan, const struct region *region, uintptr_t low,
                         uintptr_t high) {
  if (scan->has_page_scan && search_by_page_scan(scan, region, low, high))
    return;
  // Terabytes are a sanitizer's shadow: an entry for each page would take minutes.
  if (high - low > MOST_FLAGGED_BYTES)
    return;
  if (scan->pagemap >= 0)
    search_by_flags(scan, region, low, high);
  else if (region->is_writable)
    search_run(scan, low, high);
}

// A region without the holes in it.
static void search_region(struct scan *scan, const struct region *region) {
  uintptr_t low = region->low;

  for (size_t i = 0; i < scan->n_holes && low < region->high; i++) {
    const struct nck_range *hole = &scan->holes[i];
    if (hole->high <= low)
      continue;
    if (hole->low >= region->high)
      break;
    if (hole->low > low)
      search_piece(scan, region, low, hole->low);
    low = hole->high;
  }
  if (low < region->high)
    search_piece(scan, region, low, region->high);
}

// --- mappings ---

static bool starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

static uintptr_t read_hex(const char **text) {
  uintptr_t value = 0;
  for (;; (*text)++) {
    char c = **text;
    if (c >= '0' && c <= '9')
      value = value << 4 | (uintptr_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
      value = value << 4 | (uintptr_t)(c - 'a' + 10);
    else
      return value;
  }
}

static const char *skip_word(const char *text) {
  while (*text != ' ' && *text != 0)
    text++;
  while (*text == ' ')
    text++;
  return text;
}

struct mapping {
  uintptr_t low, high;
  const char *rights; // rwxp
  const char *path;   // "" where there is none
  bool has_inode;
};

static struct mapping parse_mapping(const char *line) {
  struct mapping mapping = {0};
  mapping.low = read_hex(&line);
  if (*line == '-')
    line++;
  mapping.high = read_hex(&line);
  mapping.rights = line = skip_word(line);
  line = skip_word(skip_word(skip_word(line))); // rights, offset, device
  mapping.has_inode = *line != '0';
  mapping.path = skip_word(line);
  return mapping;
}

static bool is_device(const char *path) {
  return starts_with(path, "/dev/") && !starts_with(path, "/dev/shm/") &&
         !starts_with(path, "/dev/zero") && !starts_with(path, "/dev/hugepages/");
}

// Fills `region` from a mapping. False: nothing in there can be the addon's.
static bool choose(const struct mapping *mapping, struct region *region) {
  const char *rights = mapping->rights, *path = mapping->path;
  uint64_t offset;

  if (strlen(rights) < 4 || mapping->low >= mapping->high || is_device(path) ||
      (path[0] == '[' && starts_with(path, "[v"))) // [vvar], [vdso], [vsyscall]
    return false;
  bool is_readable = rights[0] == 'r', is_writable = rights[1] == 'w';
  bool is_private = rights[3] == 'p';
  // A shared mapping that cannot be written is someone else's data. Private memory may have been
  // written before it was sealed; a file's pages that were never written are told by pagemap.
  if (!is_writable && !is_private)
    return false;
  if (!is_readable && !is_writable &&
      (mapping->has_inode || mapping->high - mapping->low > MOST_SEALED_BYTES))
    return false;
  *region = (struct region){mapping->low, mapping->high, KIND_HEAP, is_private, is_writable};
  if (!is_private)
    region->kind = KIND_SHARED;
  else if (nck_module_find_data(mapping->low, &offset) != 0 ||
           nck_module_find_data(mapping->high - 1, &offset) != 0)
    region->kind = KIND_STATIC;
  else if (mapping->has_inode)
    region->kind = KIND_OTHER;
  return true;
}

// Reads a whole file of /proc into memory of ours, ended by NUL. NULL: it cannot be read.
static char *read_whole(const char *path, size_t *alloc_bytes) {
  for (size_t bytes = MAPS_BYTES;; bytes *= 4) {
    size_t used = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      return NULL;
    char *text = nck_own_alloc(bytes);
    while (text != NULL && used < bytes) {
      ssize_t got = read(fd, text + used, bytes - used);
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        break;
      used += (size_t)got;
    }
    close(fd);
    if (text == NULL)
      return NULL;
    if (used < bytes) {
      text[used] = 0;
      *alloc_bytes = bytes;
      return text;
    }
    nck_own_free(text, bytes);
  }
}

static void add_hole(struct scan *scan, uintptr_t low, uintptr_t high) {
  if (low >= high || scan->n_holes == MOST_HOLES)
    return; // then more is read than need be
  size_t at = scan->n_holes++;
  for (; at > 0 && scan->holes[at - 1].low > low; at--)
    scan->holes[at] = scan->holes[at - 1];
  scan->holes[at] = (struct nck_range){low, high};
}

// --- threads ---

// The stack pointer of a thread that waits in the kernel; 0 where it runs, or cannot be told.
static uintptr_t sp_of(uint32_t tid) {
  char path[64], text[256];
  char *digit = path + sizeof path;
  // Not snprintf: this may run inside anything.
  static const char tail[] = "/syscall", head[] = "/proc/self/task/";
  *--digit = 0;
  for (size_t i = sizeof tail - 1; i > 0; i--)
    *--digit = tail[i - 1];
  for (uint32_t rest = tid; rest > 0; rest /= 10)
    *--digit = (char)('0' + rest % 10);
  for (size_t i = sizeof head - 1; i > 0; i--)
    *--digit = head[i - 1];

  int fd = open(digit, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0)
    return 0;
  text[n] = 0;
  // "NUMBER 0xARG ... 0xSP 0xPC", "-1 0xSP 0xPC" or "running"
  char *pc = strrchr(text, ' ');
  if (pc == NULL)
    return 0;
  *pc = 0;
  const char *sp = strrchr(text, ' ');
  if (sp == NULL || !starts_with(sp, " 0x"))
    return 0;
  sp += 3;
  return read_hex(&sp);
}

// An address within the thread's control block, which glibc puts at the upper end of the stack; 0:
// unknown.
static uintptr_t control_block_of(uint32_t tid) {
  void *head = NULL;
  size_t bytes = 0;
  if (syscall(SYS_get_robust_list, (long)tid, &head, &bytes) != 0)
    return 0;
  return (uintptr_t)head;
}

static const struct mapping *mapping_of(const struct mapping *mappings, size_t n,
                                        uintptr_t address) {
  size_t from = 0, to = n;
  while (from < to) {
    size_t middle = (from + to) / 2;
    if (mappings[middle].high <= address)
      from = middle + 1;
    else
      to = middle;
  }
  return from < n && mappings[from].low <= address ? &mappings[from] : NULL;
}

// True where it is known that nothing was ever written to that page.
static bool is_untouched(const struct scan *scan, uintptr_t page) {
  uint64_t flags;
  return scan->pagemap >= 0 &&
         pread(scan->pagemap, &flags, 8, (off_t)(page / scan->page_bytes * 8)) == 8 &&
         (flags & (PAGE_PRESENT | PAGE_SWAPPED)) == 0;
}

// Lowest address of the stack that lies in `mapping` with its control block and `sp`; 0: cannot be
// told for certain. A stack of the thread library ends below in a guard: memory without rights, or,
// in newer libraries, pages marked as such. Where there is none, what stands below may be anything.
static uintptr_t bottom_of(struct scan *scan, const struct mapping *mappings,
                           const struct mapping *mapping, uintptr_t sp) {
  uintptr_t page = scan->page_bytes;

  // malloc's arenas begin at multiples of 64 MiB, often above the unused end of another, and what
  // begins them is written; a stack, which the kernel may put there too, is hardly ever used up.
  if (mapping > mappings && (mapping->low % (64 << 20) != 0 || is_untouched(scan, mapping->low))) {
    const struct mapping *below = mapping - 1;
    if (below->high == mapping->low && starts_with(below->rights, "---p") && !below->has_inode)
      return mapping->low;
  }
  for (uintptr_t high = sp & -page; scan->pagemap >= 0 && high > mapping->low;) {
    size_t n = (high - mapping->low) / page;
    if (n > FLAG_PAGES)
      n = FLAG_PAGES;
    uintptr_t low = high - n * page;
    if (pread(scan->pagemap, scan->flags, n * 8, (off_t)(low / page * 8)) != (ssize_t)(n * 8))
      return 0;
    for (size_t i = n; i > 0; i--)
      if (scan->flags[i - 1] & PAGE_GUARD)
        return low + i * page;
    high = low;
  }
  return 0;
}

static const struct mapping *main_stack(const struct mapping *mappings, size_t n) {
  for (size_t i = n; i > 0; i--)
    if (strcmp(mappings[i - 1].path, "[stack]") == 0)
      return &mappings[i - 1];
  return NULL;
}

static void add_thread(struct scan *scan, const struct mapping *mappings, size_t n_mappings,
                       uint32_t tid) {
  bool is_self = tid == (uint32_t)syscall(SYS_gettid), is_main = tid == (uint32_t)getpid();
  uintptr_t sp = is_self ? scan->own_sp : sp_of(tid);
  uintptr_t block = is_main ? 0 : control_block_of(tid);
  const struct mapping *mapping =
      is_main ? main_stack(mappings, n_mappings) : mapping_of(mappings, n_mappings, block);

  if (mapping == NULL || scan->n_stacks == MOST_STACKS)
    return;
  struct stack *stack = &scan->stacks[scan->n_stacks++];
  *stack = (struct stack){mapping->low, is_main ? mapping->high : block, tid};
  if (!is_main && stack->high - stack->live_low > MOST_STACK_BYTES)
    stack->live_low = stack->high - MOST_STACK_BYTES;
  if (sp < mapping->low || sp >= stack->high)
    return; // it runs, or on a stack that is not its own: all of this one may be live
  uintptr_t bottom = is_main ? mapping->low : bottom_of(scan, mappings, mapping, sp);
  if (bottom == 0 || sp - bottom > MOST_STACK_BYTES)
    return;
  // A function that calls nothing may use 128 bytes below the stack pointer.
  stack->live_low = is_self ? sp & ~(uintptr_t)7 : (sp - 128) & ~(uintptr_t)7;
  if (stack->live_low < bottom)
    stack->live_low = bottom;
  add_hole(scan, bottom, stack->live_low);
}

static bool add_threads(struct scan *scan, const struct mapping *mappings, size_t n_mappings) {
  struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t bytes;
    uint8_t type;
    char name[];
  };
  int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  long got;

  if (fd < 0)
    return false;
  while ((got = syscall(SYS_getdents64, fd, scan->block, (long)BLOCK_BYTES / 8)) > 0) {
    // sp_of and the rest do not touch the block.
    for (long at = 0; at < got;) {
      const struct entry *entry = (const struct entry *)(const void *)(scan->block + at);
      uint32_t tid = 0;
      for (const char *c = entry->name; *c >= '0' && *c <= '9'; c++)
        tid = tid * 10 + (uint32_t)(*c - '0');
      if (tid != 0)
        add_thread(scan, mappings, n_mappings, tid);
      at += entry->bytes;
    }
  }
  close(fd);
  return true;
}

// --- the whole ---

static bool read_mappings(struct scan *scan) {
  size_t text_bytes, n_lines = 0;
  char *text = read_whole("/proc/self/maps", &text_bytes);

  if (text == NULL) {
    scan->trouble = "/proc/self/maps cannot be read";
    return false;
  }
  for (const char *c = text; *c != 0; c++)
    n_lines += *c == '\n';
  size_t mappings_bytes = (n_lines + 1) * sizeof(struct mapping);
  struct mapping *mappings = nck_own_alloc(mappings_bytes);
  scan->max_regions = n_lines + 1;
  scan->regions = nck_own_alloc(scan->max_regions * sizeof *scan->regions);
  bool is_good = mappings != NULL && scan->regions != NULL;
  if (!is_good)
    scan->trouble = "no memory for the search";
  size_t n = 0;
  for (char *line = text; is_good && *line != 0 && n < n_lines;) {
    char *end = strchr(line, '\n');
    if (end == NULL)
      break;
    *end = 0;
    mappings[n] = parse_mapping(line);
    if (choose(&mappings[n], &scan->regions[scan->n_regions]))
      scan->n_regions++;
    n++;
    line = end + 1;
  }
  if (is_good && !add_threads(scan, mappings, n)) {
    scan->trouble = "/proc/self/task cannot be read";
    is_good = false;
  }
  for (size_t i = 0; is_good && i < scan->n_stacks; i++)
    for (size_t r = 0; r < scan->n_regions; r++)
      if (scan->regions[r].kind == KIND_HEAP && scan->stacks[i].high > scan->regions[r].low &&
          scan->stacks[i].live_low < scan->regions[r].high)
        scan->regions[r].kind = KIND_STACK;
  nck_own_free(mappings, mappings_bytes);
  nck_own_free(text, text_bytes);
  return is_good;
}

static void forget_mappings(struct scan *scan) {
  nck_own_free(scan->regions, scan->max_regions * sizeof *scan->regions);
  scan->regions = NULL;
  scan->n_regions = scan->n_stacks = scan->n_holes = 0;
}

static void add_own_holes(struct scan *scan) {
  struct nck_range ranges[64];
  size_t n = nck_recorder_ranges(ranges, sizeof ranges / sizeof *ranges);
  uintptr_t low, high;

  for (size_t i = 0; i < n; i++)
    add_hole(scan, ranges[i].low, ranges[i].high);
  nck_module_ours(&low, &high);
  add_hole(scan, low, high);
}

// What an addon that called exit() kept in registers that functions preserve.
static __attribute__((noinline)) void search_registers(struct scan *scan, const uint64_t *registers,
                                                       size_t n) {
  scan->kind = KIND_STACK;
  for (size_t i = 0; i < n && scan->n_left > 0; i++) {
    if (scan->blocks == NULL && nck_token_is_tagged(registers[i]))
      found_tag(scan, registers[i], scan->own_sp);
    else if (scan->blocks != NULL && is_near(scan, registers[i]))
      found_near(scan, registers[i]);
  }
}

static bool pass(struct scan *scan, bool anywhere) {
  scan->anywhere = anywhere;
  add_own_holes(scan);
  if (!read_mappings(scan))
    return false;
  for (enum kind kind = 0; kind < N_KINDS && scan->n_left > 0; kind++) {
    scan->kind = kind;
    for (size_t i = 0; i < scan->n_regions && scan->n_left > 0; i++)
      if (scan->regions[i].kind == kind)
        search_region(scan, &scan->regions[i]);
  }
  forget_mappings(scan);
  return true;
}

static void call_lost(struct scan *scan, bool (*wanted)(uint32_t, void *), void *arg) {
  for (size_t i = 0; i < scan->n_sought; i++) {
    uint32_t slot = scan->sought[i].slot;
    struct nck_object *object = &nck_recorder.objects[slot];
    // Released by another thread meanwhile, or its slot used again.
    if (is_pending(scan, slot) && is_same_object(object, scan->sought[i].generation) &&
        object->evidence == NCK_EVIDENCE_NONE && wanted(slot, arg))
      __atomic_store_n(&object->evidence, NCK_EVIDENCE_LOST, __ATOMIC_RELEASE);
  }
}

static bool open_all(struct scan *scan) {
  scan->mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  scan->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  scan->has_page_scan = scan->pagemap >= 0;
  scan->block = nck_own_alloc(BLOCK_BYTES);
  scan->flags = nck_own_alloc(FLAG_PAGES * sizeof *scan->flags);
  scan->holes = nck_own_alloc(MOST_HOLES * sizeof *scan->holes);
  scan->stacks = nck_own_alloc(MOST_STACKS * sizeof *scan->stacks);
  if (scan->block == NULL || scan->flags == NULL || scan->holes == NULL || scan->stacks == NULL) {
    scan->trouble = "no memory for the search";
    return false;
  }
  if (read_memory(scan, (uintptr_t)scan->flags, 8) == 8) // which is mapped for certain
    return true;
  scan->trouble = "the process may not read its own memory through the kernel";
  return false;
}

static void close_all(struct scan *scan) {
  if (scan->mem >= 0)
    close(scan->mem);
  if (scan->pagemap >= 0)
    close(scan->pagemap);
  nck_own_free(scan->block, BLOCK_BYTES);
  nck_own_free(scan->flags, FLAG_PAGES * sizeof *scan->flags);
  nck_own_free(scan->holes, MOST_HOLES * sizeof *scan->holes);
  nck_own_free(scan->stacks, MOST_STACKS * sizeof *scan->stacks);
  nck_own_free(scan->sought, scan->n_sought * sizeof *scan->sought);
  nck_own_free(scan->pending, (scan->n_slots / 64 + 1) * sizeof *scan->pending);
}

enum { N_REGISTERS = 6 };

static bool search(struct scan *scan, const uint64_t *registers) {
  if (scan->n_left == 0)
    return true;
  if (!open_all(scan))
    return false;
  nck_module_refresh();
  if (!pass(scan, false))
    return false;
  search_registers(scan, registers, N_REGISTERS);
  return scan->n_left == 0 || pass(scan, true);
}

// One scan at a time: its pid. A child of a fork made in the middle of one finds its parent's.
static int scanning;

static void lock(void) {
  int self = getpid();
  for (;;) {
    int nobody = 0, other = __atomic_load_n(&scanning, __ATOMIC_RELAXED);
    int *expected = other != 0 && other != self ? &other : &nobody;
    if (__atomic_compare_exchange_n(&scanning, expected, self, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
      return;
    struct timespec moment = {.tv_nsec = 500000};
    nanosleep(&moment, NULL);
  }
}

static inline __attribute__((always_inline)) void take_registers(uint64_t *registers) {
#if defined(__x86_64__)
  __asm__ volatile("mov %%rbx, %0\n\tmov %%rbp, %1\n\tmov %%r12, %2\n\tmov %%r13, %3\n\tmov %%r14, "
                   "%4\n\tmov %%r15, %5"
                   : "=m"(registers[0]), "=m"(registers[1]), "=m"(registers[2]), "=m"(registers[3]),
                     "=m"(registers[4]), "=m"(registers[5]));
#else
  (void)registers;
#endif
}

static struct scan begin(const void *sp) {
  struct scan scan = {.mem = -1, .pagemap = -1, .pid = getpid()};
  scan.page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
  // Our own frames hold what is left of dead ones, wherever they have not written yet.
  scan.own_sp = nck_stack_outside();
  if (scan.own_sp < (uintptr_t)sp)
    scan.own_sp = (uintptr_t)sp;
  return scan;
}

static void finish(struct scan *scan, uint64_t start_ns) {
  close_all(scan);
  nck_recorder.header->scan_bytes += scan->bytes;
  nck_recorder.header->scan_ns += nck_recorder_ns() - start_ns;
  __atomic_store_n(&scanning, 0, __ATOMIC_RELEASE);
}

bool nck_scan_run(bool (*wanted)(uint32_t object, void *arg), void *arg, const void *sp) {
  uint64_t registers[N_REGISTERS] = {0};
  int saved_errno = errno;

  take_registers(registers);
  struct nck_record_header *header = nck_recorder.header;
  if (header == NULL)
    return false;
  lock();
  uint64_t start_ns = nck_recorder_ns();
  struct scan scan = begin(sp);
  bool is_done = collect(&scan, wanted, arg);
  if (!is_done)
    scan.trouble = "no memory for the search";
  is_done = is_done && search(&scan, registers);
  if (is_done)
    call_lost(&scan, wanted, arg);
  if (!is_done) {
    header->scan_reason = nck_recorder_string(scan.trouble, strlen(scan.trouble));
    header->scan_state = 2;
  } else if (header->scan_state == 0) {
    header->scan_state = 1;
  }
  finish(&scan, start_ns);
  errno = saved_errno;
  return is_done;
}

bool nck_scan_blocks(const struct nck_range *blocks, size_t n, bool *is_found, const void *sp) {
  uint64_t registers[N_REGISTERS] = {0};
  int saved_errno = errno;

  take_registers(registers);
  if (nck_recorder.header == NULL || n == 0)
    return false;
  lock();
  uint64_t start_ns = nck_recorder_ns();
  struct scan scan = begin(sp);
  scan.blocks = blocks;
  scan.is_found = is_found;
  scan.n_blocks = scan.n_left = n;
  scan.near_low = blocks[0].low;
  scan.near_bytes = blocks[n - 1].high - blocks[0].low;
  scan.number_low = number_bits(blocks[0].low);
  scan.number_bytes = number_bits(blocks[n - 1].high) - scan.number_low;
  bool is_done = search(&scan, registers);
  finish(&scan, start_ns);
  errno = saved_errno;
  return is_done;
}

// --- what a pointer leads to ---

enum { REACHED_BLOCKS = 64, REACHED_WORDS = 64 };

static void add_block(uintptr_t *blocks, size_t *n_blocks, uint64_t word) {
  uintptr_t block = (uintptr_t)word & ~(uintptr_t)7;
  bool is_known = *n_blocks >= REACHED_BLOCKS || word < 1 << 16 || word >> 47 != 0;

  for (size_t i = 0; i < *n_blocks && !is_known; i++)
    is_known = blocks[i] == block;
  if (!is_known)
    blocks[(*n_blocks)++] = block;
}

void nck_scan_note_reachable(const void *start) {
  uintptr_t blocks[REACHED_BLOCKS];
  uint64_t words[REACHED_WORDS];
  size_t n_blocks = 0;
  int saved_errno = errno;
  struct scan scan = {.pid = getpid(), .kind = KIND_HEAP};
  uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
  uint64_t n_objects =
      __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_OBJECT], __ATOMIC_ACQUIRE);

  add_block(blocks, &n_blocks, (uint64_t)(uintptr_t)start);
  for (size_t i = 0; i < n_blocks; i++) {
    // The block may end with the last page that is mapped.
    uintptr_t in_page = page_bytes - (blocks[i] & (page_bytes - 1));
    size_t n_first = in_page < sizeof words ? in_page : sizeof words;
    struct iovec here = {words, sizeof words};
    struct iovec there[2] = {{(void *)blocks[i], n_first},
                             {(void *)(blocks[i] + n_first), sizeof words - n_first}};
    ssize_t n_bytes = process_vm_readv(scan.pid, &here, 1, there, 2, 0);
    for (size_t w = 0; n_bytes > 0 && w < (size_t)n_bytes / sizeof *words; w++) {
      if (!nck_token_is_tagged(words[w])) {
        add_block(blocks, &n_blocks, words[w]);
        continue;
      }
      uint32_t slot = nck_token_slot(words[w]);
      struct nck_object *object = &nck_recorder.objects[slot];
      if (slot > 0 && slot < n_objects && object->evidence == NCK_EVIDENCE_NONE &&
          is_same_object(object, nck_token_generation(words[w])))
        tell(&scan, object, blocks[i] + w * sizeof *words);
    }
  }
  errno = saved_errno;
}
