// recorder.c: writes the record that outlives the process.
//
// One reservation holds the header and, behind it, a range for each table. A table grows by chunks:
// room in the file first, then the mapping over the reservation, then the directory's entry, then
// the table's limit, and only then rows are handed out. A chunk is a whole number of pages and of
// rows, so its size is a multiple of both.
#define _GNU_SOURCE
#include "recorder.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "forks.h"
#include "held.h"
#include "options.h"
#include "place.h"
#include "say.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define PAGE_BYTES ((uint64_t)NCK_RECORD_PAGE_BYTES)
#define CHUNK_MAX (8 * MIB)
#define STRING_MAX (1u << 20)
#define REASON_MAX 192
// A fork copies what is in use in the parent, before the child is there. Beyond this it takes too
// long.
#define SNAPSHOT_MAX (64 * MIB)

// What a table is made of; the reservation is what fits when address space is not limited.
static const struct table_kind {
  uint32_t row_bytes;
  uint32_t first_bytes; // of the first chunk, rounded up
  uint64_t reserve_bytes;
  void **base;
} kinds[NCK_N_TABLES] = {
#define TABLE(id, type, field, first, reserve)                                                     \
  [NCK_TABLE_##id] = {sizeof(type), first, reserve, (void **)&nck_recorder.field}
    TABLE(STRING, char, strings, 64 * KIB, 256 * MIB),
    TABLE(MODULE, struct nck_module, modules, 8 * KIB, 4 * MIB), // 16 bits of a frame name the row
    TABLE(THREAD, struct nck_thread, threads, 4 * KIB, 32 * MIB),
    TABLE(ENV, struct nck_env_row, envs, 36 * KIB, 36 * MIB),
    TABLE(STACK, uint64_t, stacks, 64 * KIB, GIB),
    TABLE(SITE, struct nck_site, sites, 36 * KIB, 288 * MIB),
    TABLE(SERIES, struct nck_series, series, 16 * KIB, 256 * MIB),
    TABLE(OBJECT, struct nck_object, objects, 64 * KIB, 4 * GIB), // 26 bits of a token name the row
    TABLE(FATE, struct nck_fate, fates, 12 * KIB, 192 * MIB),
    TABLE(FINDING, struct nck_finding, findings, 44 * KIB, 88 * MIB),
    TABLE(FINALIZER, struct nck_finalizer_row, finalizers, 20 * KIB, 8 * MIB),
    TABLE(FAILED, struct nck_failed_call, failed, 12 * KIB, 96 * MIB),
    TABLE(PROFILE, struct nck_profile, profiles, 20 * KIB, 80 * MIB),
#undef TABLE
};

// Where a table stands. Written under grow_lock, read by anybody: `border` before `limit_rows`.
static struct table {
  char *base;
  uint64_t reserved_bytes;
  uint64_t unit_bytes; // the smallest chunk
  uint64_t limit_rows; // that may be handed out
  uint64_t border;     // first row of the last chunk: rows appended together do not lie across it
} tables[NCK_N_TABLES];

struct nck_recorder nck_recorder;

// Lock order: open_lock, string_lock, grow_lock, own.c's. All four are held across a fork.
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;   // opening, adopting
static pthread_mutex_t string_lock = PTHREAD_MUTEX_INITIALIZER; // the table of strings kept once
static pthread_mutex_t grow_lock = PTHREAD_MUTEX_INITIALIZER;   // chunks, the file

static struct nck_place place;
static bool is_open_failed;
static bool in_file;   // the mappings are the file's; false in the child of a fork
static bool inherited; // child of a fork without a record of its own
static uint64_t calls_at_fork;
static uint64_t file_bytes;
static char *reservation;
static uint64_t reservation_bytes;
static uint64_t start_ns;
bool nck_recorder_blind;
static uint32_t reason_string; // room kept for the reason, since it may be that there is no more

static uint64_t now_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now); // no system call
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t nck_recorder_ns(void) {
  uint64_t now = now_ns(CLOCK_MONOTONIC);
  return now > start_ns ? now - start_ns : 0;
}

uint32_t nck_recorder_ms(void) {
  uint64_t now = now_ns(CLOCK_MONOTONIC_COARSE); // may be a tick older than start_ns
  return now > start_ns ? (uint32_t)((now - start_ns) / 1000000) : 0;
}

static struct nck_record_header *header_now(void) {
  return __atomic_load_n(&nck_recorder.header, __ATOMIC_ACQUIRE);
}

static uint64_t round_up(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

void nck_recorder_go_blind(const char *reason) {
  if (__atomic_exchange_n(&nck_recorder_blind, true, __ATOMIC_ACQ_REL))
    return;
  struct nck_record_header *header = header_now();
  if (header == NULL || reason_string == 0)
    return;
  int saved = errno;
  snprintf(nck_recorder.strings + reason_string, REASON_MAX, "%s", reason);
  uint32_t ms = nck_recorder_ms();
  __atomic_store_n(&header->blind_reason, reason_string, __ATOMIC_RELEASE);
  __atomic_store_n(&header->blind_ms, ms > 0 ? ms : 1, __ATOMIC_RELEASE);
  errno = saved;
}

// --- growth ---

static void blind_for_lack_of(const char *what, int error) {
  char reason[REASON_MAX];
  snprintf(reason, sizeof reason, "%s: %s", what, strerror(error));
  nck_recorder_go_blind(reason);
}

// Maps new room of the file over the reservation. 0 or an errno.
static int map_chunk(char *at, uint64_t bytes, uint64_t *offset) {
  int fd = nck_place_acquire(&place);
  if (fd < 0)
    return errno;
  *offset = file_bytes;
  int error = nck_place_allocate(fd, file_bytes, bytes);
  if (error == 0 && mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
                         fd, (off_t)file_bytes) == MAP_FAILED)
    error = errno;
  if (error == 0)
    file_bytes += bytes;
  nck_place_release(&place, fd);
  return error;
}

// One more chunk with room for n rows. grow_lock is held.
static bool add_chunk(struct nck_record_header *header, enum nck_table id, uint32_t n) {
  struct table *table = &tables[id];
  const struct table_kind *kind = &kinds[id];
  uint64_t in_use = table->limit_rows * kind->row_bytes;
  uint64_t row_0 = in_use == 0 ? kind->row_bytes : 0;
  uint64_t least = round_up((uint64_t)n * kind->row_bytes + row_0, table->unit_bytes);
  uint64_t wanted = in_use == 0 ? kind->first_bytes : in_use;
  wanted = round_up(wanted < CHUNK_MAX ? wanted : CHUNK_MAX, table->unit_bytes);
  if (wanted < least)
    wanted = least;
  uint64_t left = (table->reserved_bytes - in_use) / table->unit_bytes * table->unit_bytes;
  if (least > left) {
    nck_recorder_go_blind("a table of the record is full");
    return false;
  }
  if (wanted > left)
    wanted = left;
  if (header->n_chunks >= NCK_RECORD_MAX_CHUNKS) {
    nck_recorder_go_blind("the record's directory is full");
    return false;
  }
  char *at = table->base + in_use;
  uint64_t offset = 0;
  int error;
  for (;;) {
    if (in_file)
      error = map_chunk(at, wanted, &offset);
    else
      error = mprotect(at, wanted, PROT_READ | PROT_WRITE) != 0 ? errno : 0;
    if (error == 0 || wanted <= least)
      break;
    uint64_t half = round_up(wanted / 2, table->unit_bytes); // a little may still be there
    wanted = half < wanted && half > least ? half : least;
  }
  if (error != 0) {
    blind_for_lack_of("the record cannot grow", error);
    return false;
  }
  uint64_t n_rows = wanted / kind->row_bytes;
  header->chunks[header->n_chunks] = (struct nck_chunk){
      .table = id, .first_row = table->limit_rows, .n_rows = n_rows, .offset = offset};
  __atomic_store_n(&header->n_chunks, header->n_chunks + 1, __ATOMIC_RELEASE);
  __atomic_store_n(&table->border, table->limit_rows, __ATOMIC_RELEASE);
  __atomic_store_n(&table->limit_rows, table->limit_rows + n_rows, __ATOMIC_RELEASE);
  return true;
}

// Takes n rows from what the table has. False: it has to grow.
static bool take_rows(struct nck_record_header *header, enum nck_table id, uint32_t n,
                      uint64_t *first) {
  struct table *table = &tables[id];
  uint64_t *cursor = &header->n_rows[id];
  uint64_t next = __atomic_load_n(cursor, __ATOMIC_ACQUIRE);
  for (;;) {
    uint64_t limit = __atomic_load_n(&table->limit_rows, __ATOMIC_ACQUIRE);
    uint64_t border = __atomic_load_n(&table->border, __ATOMIC_ACQUIRE);
    *first = next < border && next + n > border ? border : next;
    if (*first + n > limit)
      return false;
    if (__atomic_compare_exchange_n(cursor, &next, *first + n, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
      return true;
  }
}

uint32_t nck_recorder_append(enum nck_table id, uint32_t n) {
  struct nck_record_header *header = header_now();
  if (header == NULL || n == 0 || nck_recorder_is_blind())
    return 0;
  uint64_t first;
  if (take_rows(header, id, n, &first))
    return (uint32_t)first;
  int saved = errno;
  bool taken = false;
  pthread_mutex_lock(&grow_lock);
  // The rows are taken before the lock is given back, so the cursor is never more than one border
  // behind.
  while (!nck_recorder_is_blind() && !(taken = take_rows(header, id, n, &first)))
    if (!add_chunk(header, id, n))
      break;
  pthread_mutex_unlock(&grow_lock);
  errno = saved;
  return taken ? (uint32_t)first : 0;
}

// --- strings ---

// Open addressing; a slot whose index is 0 is empty. Protected by string_lock.
struct string_slot {
  uint32_t hash;
  uint32_t index;
};
static struct string_slot *string_slots;
static uint32_t n_string_slots, n_strings;

static uint32_t hash_text(const char *text, size_t length) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
  return (uint32_t)(hash ^ hash >> 32);
}

static struct string_slot *find_slot(struct string_slot *slots, uint32_t n_slots, uint32_t hash,
                                     const char *text, size_t length) {
  uint32_t at = hash & (n_slots - 1);
  while (slots[at].index != 0) {
    const char *kept = nck_recorder.strings + slots[at].index;
    if (slots[at].hash == hash && text != NULL && strncmp(kept, text, length) == 0 &&
        kept[length] == '\0')
      break;
    at = (at + 1) & (n_slots - 1);
  }
  return &slots[at];
}

static bool have_free_slots(void) {
  if (n_strings * 4 < n_string_slots * 3)
    return true;
  uint32_t n_slots = n_string_slots == 0 ? 256 : n_string_slots * 2;
  struct string_slot *slots = nck_own_alloc(n_slots * sizeof *slots);
  if (slots == NULL)
    return n_strings + 1 < n_string_slots; // full, but still right
  for (uint32_t i = 0; i < n_string_slots; i++)
    if (string_slots[i].index != 0)
      *find_slot(slots, n_slots, string_slots[i].hash, NULL, 0) = string_slots[i];
  nck_own_free(string_slots, n_string_slots * sizeof *slots);
  string_slots = slots;
  n_string_slots = n_slots;
  return true;
}

// Length of the UTF-8 sequence at `text` (RFC 3629: no overlong forms, no surrogates), 0 when it is
// none.
static size_t utf8_length(const unsigned char *text, size_t left) {
  unsigned char c = text[0], low = 0x80, high = 0xbf;
  size_t length;
  if (c < 0x80)
    return c != 0; // a NUL would end the string
  if (c < 0xc2 || c > 0xf4)
    return 0;
  length = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
  if (c == 0xe0)
    low = 0xa0;
  else if (c == 0xed)
    high = 0x9f;
  else if (c == 0xf0)
    low = 0x90;
  else if (c == 0xf4)
    high = 0x8f;
  if (length > left || text[1] < low || text[1] > high)
    return 0;
  for (size_t i = 2; i < length; i++)
    if ((text[i] & 0xc0) != 0x80)
      return 0;
  return length;
}

static void clean_text(char *to, const char *text, size_t length) {
  for (size_t i = 0; i < length;) {
    size_t n = utf8_length((const unsigned char *)text + i, length - i);
    if (n == 0)
      to[i++] = '?';
    for (; n > 0; n--, i++)
      to[i] = text[i];
  }
}

uint32_t nck_recorder_string(const char *text, size_t length) {
  if (text == NULL || length == 0 || header_now() == NULL || nck_recorder_is_blind())
    return 0;
  int saved = errno;
  if (length > STRING_MAX) {
    length = STRING_MAX;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
      length--; // not in the middle of a character
  }
  char small[512];
  char *clean = length <= sizeof small ? small : nck_own_alloc(length);
  uint32_t index = 0;
  if (clean != NULL) {
    clean_text(clean, text, length);
    uint32_t hash = hash_text(clean, length);
    pthread_mutex_lock(&string_lock);
    if (have_free_slots()) {
      struct string_slot *slot = find_slot(string_slots, n_string_slots, hash, clean, length);
      if (slot->index == 0) {
        uint32_t fresh = nck_recorder_append(NCK_TABLE_STRING, (uint32_t)length + 1);
        if (fresh != 0) {
          memcpy(nck_recorder.strings + fresh, clean, length);
          *slot = (struct string_slot){hash, fresh};
          n_strings++;
        }
      }
      index = slot->index;
    }
    pthread_mutex_unlock(&string_lock);
    if (clean != small)
      nck_own_free(clean, length);
  }
  if (index == 0)
    nck_recorder_go_blind("no memory for the table of strings"); // no-op when the record was full
  errno = saved;
  return index;
}

// --- opening ---

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b) {
  while (b != 0) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static bool reserve(void) {
  uint64_t full = NCK_RECORD_HEADER_BYTES;
  for (int i = 0; i < NCK_N_TABLES; i++)
    full += kinds[i].reserve_bytes;
  unsigned shift = 0;
  struct rlimit limit;
  // A limited address space is the program's: take a small part of it.
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    while (shift < 10 && full >> shift > limit.rlim_cur / 16)
      shift++;
  void *block = MAP_FAILED;
  uint64_t sizes[NCK_N_TABLES];
  for (; shift <= 12 && block == MAP_FAILED; shift++) {
    reservation_bytes = NCK_RECORD_HEADER_BYTES;
    for (int i = 0; i < NCK_N_TABLES; i++) {
      uint64_t bytes = kinds[i].reserve_bytes >> shift;
      // A small table is not made tiny: all small ones together are some megabytes.
      uint64_t least = kinds[i].reserve_bytes < 4 * MIB ? kinds[i].reserve_bytes : 4 * MIB;
      least = shift > 8 ? MIB : least;
      sizes[i] = round_up(bytes > least ? bytes : least, PAGE_BYTES);
      reservation_bytes += sizes[i];
    }
    block = mmap(NULL, reservation_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                 -1, 0);
  }
  if (block == MAP_FAILED)
    return false;
  reservation = block;
  char *at = reservation + NCK_RECORD_HEADER_BYTES;
  for (int i = 0; i < NCK_N_TABLES; i++) {
    tables[i] = (struct table){
        .base = at,
        .reserved_bytes = sizes[i],
        .unit_bytes = PAGE_BYTES / greatest_common_divisor(PAGE_BYTES, kinds[i].row_bytes) *
                      kinds[i].row_bytes,
    };
    *kinds[i].base = at;
    at += sizes[i];
  }
  return true;
}

static void fill_identity(struct nck_record_header *header) {
  header->pid = (uint32_t)getpid();
  header->ppid = (uint32_t)getppid();
  header->start_ticks = nck_place_start_ticks(getpid());
}

static uint32_t record_link(const char *path) {
  char target[PATH_MAX];
  ssize_t n = readlink(path, target, sizeof target);
  return n > 0 ? nck_recorder_string(target, (size_t)n) : 0;
}

static uint32_t record_argv(void) {
  char text[16384];
  ssize_t n = nck_place_read("/proc/self/cmdline", text, sizeof text);
  if (n <= 0)
    return 0;
  if (text[n - 1] == '\0')
    n--;
  for (ssize_t i = 0; i < n; i++)
    if (text[i] == '\n')
      text[i] = ' '; // the newline parts the arguments
    else if (text[i] == '\0')
      text[i] = '\n';
  return nck_recorder_string(text, (size_t)n);
}

static void fork_prepare(void);
static void fork_parent(void);
static void fork_child(void);

static bool open_record(void) {
  if (!reserve()) {
    nck_say("no address space for the record: this process is not checked");
    return false;
  }
  int fd;
  // Room for the first strings as well: a place without it is full.
  uint64_t strings = tables[NCK_TABLE_STRING].unit_bytes + kinds[NCK_TABLE_STRING].first_bytes;
  if (!nck_place_open(&place, nck_options.record, nck_options.verbosity,
                      NCK_RECORD_HEADER_BYTES + strings, &fd)) {
    munmap(reservation, reservation_bytes);
    reservation = NULL;
    return false;
  }
  file_bytes = NCK_RECORD_HEADER_BYTES;
  in_file = true;
  void *block = mmap(reservation, NCK_RECORD_HEADER_BYTES, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
  int error = errno;
  nck_place_release(&place, fd);
  if (block == MAP_FAILED) {
    nck_say("cannot map the record %s: %s; this process is not checked", place.path,
            strerror(error));
    nck_place_remove(&place);
    return false; // the reservation stays: part of it may be gone
  }
  struct nck_record_header *header = block;
  start_ns = now_ns(CLOCK_MONOTONIC);
  header->version = NCK_RECORD_VERSION;
  header->header_bytes = NCK_RECORD_HEADER_BYTES;
  header->start_wall_ns = now_ns(CLOCK_REALTIME);
  header->start_mono_ns = start_ns;
  header->state = NCK_PROCESS_RUNNING;
  for (int i = 0; i < NCK_N_TABLES; i++) {
    header->row_bytes[i] = kinds[i].row_bytes;
    header->n_rows[i] = 1; // row 0 is "none"
  }
  fill_identity(header);
  __atomic_store_n(&nck_recorder.header, header, __ATOMIC_RELEASE);
  reason_string = nck_recorder_append(NCK_TABLE_STRING, REASON_MAX);
  header->exe = record_link("/proc/self/exe");
  header->cwd = record_link("/proc/self/cwd");
  header->argv = record_argv();
  const char *options = nck_options.effective;
  header->options = options != NULL ? nck_recorder_string(options, strlen(options)) : 0;
  // Last, so that a reader never takes half a header for a record.
  uint64_t magic;
  memcpy(&magic, NCK_RECORD_MAGIC, sizeof magic);
  __atomic_store_n((uint64_t *)(void *)header->magic, magic, __ATOMIC_RELEASE);
  pthread_atfork(fork_prepare, fork_parent, fork_child);
  return true;
}

bool nck_recorder_open(void) {
  int saved = errno;
  pthread_mutex_lock(&open_lock);
  bool adopt = inherited;
  bool good = header_now() != NULL;
  if (!good && !is_open_failed) {
    good = open_record();
    is_open_failed = !good;
  }
  pthread_mutex_unlock(&open_lock);
  if (adopt)
    nck_recorder_adopt();
  errno = saved;
  return good;
}

const char *nck_recorder_path(void) { return place.path; }

bool nck_recorder_is_in_run(void) { return place.in_run; }

void nck_recorder_remove(void) {
  int saved = errno;
  if (!inherited) // else it is the parent's
    nck_place_remove(&place);
  errno = saved;
}

size_t nck_recorder_ranges(struct nck_range *ranges, size_t max) {
  size_t n = 0;
  if (reservation != NULL && n < max)
    ranges[n++] =
        (struct nck_range){(uintptr_t)reservation, (uintptr_t)reservation + reservation_bytes};
  struct nck_range own;
  nck_own_range(&own.low, &own.high);
  if (own.high != 0 && n < max)
    ranges[n++] = own;
  return n;
}

void nck_recorder_end(enum nck_end how, int code) {
  struct nck_record_header *header = header_now();
  if (header == NULL)
    return;
  header->end_how = how;
  header->end_code = code;
  header->end_ns = nck_recorder_ns();
  header->own_bytes = nck_own_bytes() + nck_held_bytes();
  __atomic_store_n(&header->state, NCK_PROCESS_ENDING, __ATOMIC_RELEASE);
}

bool nck_recorder_reopen(void) {
  struct nck_record_header *header = header_now();
  if (header == NULL || !in_file || !nck_place_is_there(&place))
    return false;
  header->end_how = NCK_END_UNKNOWN;
  header->end_code = 0;
  header->end_ns = 0;
  __atomic_store_n(&header->state, NCK_PROCESS_RUNNING, __ATOMIC_RELEASE);
  return true;
}

// --- fork ---

// A copy of what is in use, made by the parent before the fork, moved into place by the child.
// Piece 0 is the header, then the tables.
static char *snapshot;
static uint64_t snapshot_bytes;
static uint64_t piece_bytes[1 + NCK_N_TABLES];

static char *piece_address(int piece) { return piece == 0 ? reservation : tables[piece - 1].base; }

// What is mapped of a piece, and what of it is in use, both in whole pages.
static uint64_t mapped_bytes(int piece) {
  if (piece == 0)
    return NCK_RECORD_HEADER_BYTES;
  return tables[piece - 1].limit_rows * kinds[piece - 1].row_bytes;
}

static uint64_t used_bytes(const struct nck_record_header *header, int piece) {
  if (piece == 0)
    return round_up(sizeof *header - sizeof header->chunks +
                        header->n_chunks * sizeof header->chunks[0],
                    PAGE_BYTES);
  uint64_t n_rows = __atomic_load_n(&header->n_rows[piece - 1], __ATOMIC_ACQUIRE);
  uint64_t limit = tables[piece - 1].limit_rows;
  return round_up((n_rows < limit ? n_rows : limit) * kinds[piece - 1].row_bytes, PAGE_BYTES);
}

static uint64_t count_calls(const struct nck_record_header *header) {
  uint64_t calls = header->ended_calls;
  uint64_t n = header->n_rows[NCK_TABLE_ENV], limit = tables[NCK_TABLE_ENV].limit_rows;
  for (uint64_t i = 1; i < n && i < limit; i++)
    calls += __atomic_load_n(&nck_recorder.envs[i].n_calls, __ATOMIC_RELAXED);
  return calls;
}

// Other threads go on writing rows: the child has none of them, and what they were about to do is
// not done there.
static void copy_words(uint64_t *to, const uint64_t *from, uint64_t n) {
  for (uint64_t i = 0; i < n; i++)
    to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

static void fork_prepare(void) {
  int saved = errno;
  nck_forks_lock();
  pthread_mutex_lock(&open_lock);
  pthread_mutex_lock(&string_lock);
  pthread_mutex_lock(&grow_lock);
  nck_own_fork_lock();
  struct nck_record_header *header = nck_recorder.header;
  snapshot = NULL;
  if (header == NULL || !in_file) {
    errno = saved;
    return;
  }
  snapshot_bytes = 0;
  for (int i = 0; i <= NCK_N_TABLES; i++) {
    piece_bytes[i] = used_bytes(header, i);
    snapshot_bytes += piece_bytes[i];
  }
  if (snapshot_bytes <= SNAPSHOT_MAX) {
    void *copy = mmap(NULL, snapshot_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    snapshot = copy != MAP_FAILED ? copy : NULL;
  }
  char *to = snapshot;
  for (int i = 0; i <= NCK_N_TABLES && to != NULL; to += piece_bytes[i++])
    copy_words((uint64_t *)to, (const uint64_t *)piece_address(i), piece_bytes[i] / 8);
  errno = saved;
}

static void fork_unlock(void) {
  nck_own_fork_unlock();
  pthread_mutex_unlock(&grow_lock);
  pthread_mutex_unlock(&string_lock);
  pthread_mutex_unlock(&open_lock);
  nck_forks_unlock();
}

static void fork_parent(void) {
  int saved = errno;
  if (snapshot != NULL)
    munmap(snapshot, snapshot_bytes);
  snapshot = NULL;
  fork_unlock();
  errno = saved;
}

static bool move_snapshot(void) {
  char *from = snapshot;
  for (int i = 0; i <= NCK_N_TABLES; from += piece_bytes[i++]) {
    char *to = piece_address(i);
    uint64_t mapped = mapped_bytes(i);
    if (piece_bytes[i] > 0 && mremap(from, piece_bytes[i], piece_bytes[i],
                                     MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
      return false;
    // Rows that are not in use yet: zero, as they were promised, and not the parent's next ones.
    if (mapped > piece_bytes[i] &&
        mmap(to + piece_bytes[i], mapped - piece_bytes[i], PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
      return false;
  }
  return true;
}

// The second best: the file's pages, private once they are written to. The parent's later changes
// may show in others, so nothing is judged with them.
static bool map_privately(void) {
  int fd = nck_place_acquire(&place);
  if (fd < 0)
    return false;
  const struct nck_record_header *header = nck_recorder.header;
  bool good = true;
  for (uint32_t i = 0; i < header->n_chunks && good; i++) {
    const struct nck_chunk *chunk = &header->chunks[i];
    const struct table_kind *kind = &kinds[chunk->table];
    good = mmap(tables[chunk->table].base + chunk->first_row * kind->row_bytes,
                chunk->n_rows * kind->row_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
                fd, (off_t)chunk->offset) != MAP_FAILED;
  }
  good = good && mmap(reservation, NCK_RECORD_HEADER_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_FIXED, fd, 0) != MAP_FAILED;
  nck_place_release(&place, fd);
  return good;
}

static void fork_child(void) {
  int saved = errno;
  if (nck_recorder.header != NULL && in_file) {
    bool copied = snapshot != NULL && move_snapshot();
    if (!copied) {
      __atomic_store_n(&nck_recorder_blind, true, __ATOMIC_RELAXED);
      map_privately();
    }
    nck_place_forget(&place);
    in_file = false;
    inherited = true;
  }
  if (inherited) // also the child of such a child: what its parent did is not its own doing
    calls_at_fork = count_calls(nck_recorder.header);
  snapshot = NULL;
  fork_unlock();
  errno = saved;
}

bool nck_recorder_is_inherited(bool *called) {
  const struct nck_record_header *header = header_now();
  *called = header != NULL && inherited && count_calls(header) != calls_at_fork;
  return inherited;
}

static int write_fully(int fd, const char *from, uint64_t bytes, uint64_t offset) {
  while (bytes > 0) {
    ssize_t n = pwrite(fd, from, bytes, (off_t)offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n < 0 ? errno : ENOSPC;
    from += n;
    bytes -= (uint64_t)n;
    offset += (uint64_t)n;
  }
  return 0;
}

// Writes all tables into the fresh file and maps it over them. grow_lock is held.
static int move_into_file(struct nck_record_header *header, int fd) {
  uint64_t at = NCK_RECORD_HEADER_BYTES;
  uint32_t n_chunks = 0;
  struct nck_chunk chunks[NCK_N_TABLES];
  for (int i = 0; i < NCK_N_TABLES; i++) {
    uint64_t bytes = mapped_bytes(1 + i);
    if (bytes == 0)
      continue;
    chunks[n_chunks++] =
        (struct nck_chunk){.table = (uint32_t)i, .n_rows = tables[i].limit_rows, .offset = at};
    int error = write_fully(fd, tables[i].base, used_bytes(header, 1 + i), at);
    if (error != 0)
      return error;
    at += bytes;
  }
  memset(header->chunks, 0, sizeof header->chunks);
  memcpy(header->chunks, chunks, n_chunks * sizeof *chunks);
  header->n_chunks = n_chunks;
  fill_identity(header);
  int error = write_fully(fd, (char *)header, sizeof *header, 0);
  if (error != 0)
    return error;
  // From here on a failure leaves a part of the rows in the file and a part in memory: both are
  // right, only later changes of the latter would not be seen.
  if (mmap(header, NCK_RECORD_HEADER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
           0) == MAP_FAILED)
    return errno;
  for (uint32_t i = 0; i < n_chunks; i++)
    if (mmap(tables[chunks[i].table].base, mapped_bytes(1 + (int)chunks[i].table),
             PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
             (off_t)chunks[i].offset) == MAP_FAILED)
      return errno;
  file_bytes = at;
  return 0;
}

bool nck_recorder_adopt(void) {
  int saved = errno;
  bool good = false;
  pthread_mutex_lock(&open_lock);
  pthread_mutex_lock(&grow_lock);
  struct nck_record_header *header = nck_recorder.header;
  if (header != NULL && inherited && !nck_recorder_is_blind()) {
    uint64_t bytes = 0;
    for (int i = 0; i <= NCK_N_TABLES; i++)
      bytes += mapped_bytes(i);
    int fd;
    if (nck_place_open(&place, nck_options.record, nck_options.verbosity, bytes, &fd)) {
      int error = move_into_file(header, fd);
      nck_place_release(&place, fd);
      good = error == 0;
      if (good) {
        in_file = true;
        inherited = false;
      } else {
        nck_say("cannot write the record %s of this child process: %s; it is not checked",
                place.path, strerror(error));
        nck_place_remove(&place);
        nck_place_forget(&place);
      }
    }
    if (!good)
      __atomic_store_n(&nck_recorder_blind, true, __ATOMIC_RELAXED);
  }
  pthread_mutex_unlock(&grow_lock);
  pthread_mutex_unlock(&open_lock);
  errno = saved;
  return good;
}
