// libunwind.c: rules for leaving a frame, by libunwind. Contracts in unwind.h.
//
// It never walks the program's stack. It is asked to take one step with registers that hold made-up
// addresses, through accessors of ours: what it then asks for shows the rule. So it reads nothing
// but the tables of the module in question, asks the loader nothing, and keeps nothing about
// modules that are unmapped. That takes the library for all address spaces, libunwind-x86_64: the
// one for the own process reads the stack itself, without bounds while tables last, and where they
// end with a pipe to find out what is readable, which it keeps open.
#define _GNU_SOURCE
#include "unwind.h"

#if defined(__x86_64__)

#include <dlfcn.h>
#include <errno.h>
#include <libunwind.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define LIBRARY "libunwind-x86_64.so.8"
#define SYMBOL(name) TEXT(UNW_OBJ(name))

// The made-up addresses: no module can lie there, and a sum of one with an offset is told from a
// sum of another.
#define MADE_UP_SP 0x1000000000000000ull
#define MADE_UP_FP 0x2000000000000000ull
#define MADE_UP_WORD 0x3000000000000000ull // what stands everywhere in the stack

struct question {
  uintptr_t address;
  const struct nck_location *location;
  bool has_tables;                  // they speak of the address
  unw_word_t first_read, last_read; // of the stack
  unsigned n_read;
};

static struct {
  pthread_mutex_t lock; // libunwind's pools of memory: not to be held by another thread in a fork
  unw_addr_space_t space;
  unw_addr_space_t (*create)(unw_accessors_t *, int);
  int (*init)(unw_cursor_t *, unw_addr_space_t, void *);
  int (*step)(unw_cursor_t *);
  int (*get_reg)(unw_cursor_t *, int, unw_word_t *);
  int (*search)(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int, void *);
  bool is_at_work; // atomic
} self = {.lock = PTHREAD_MUTEX_INITIALIZER};

// --- what libunwind sees ---

static int find_tables(unw_addr_space_t space, unw_word_t pc, unw_proc_info_t *info, int wanted,
                       void *arg) {
  struct question *question = arg;
  const struct nck_location *location = question->location;
  // .eh_frame_hdr as linkers write it: version 1; addresses of 4 bytes, relative to where they
  // stand; a count of 4 bytes; a table of pairs of 4 bytes relative to the section.
  static const uint8_t usual[4] = {1, 0x1b, 0x03, 0x3b};
  struct {
    uint8_t form[4];
    int32_t frames;
    uint32_t n;
  } header;

  if (location->unwind < location->low || location->unwind >= location->high ||
      location->high - location->unwind < sizeof header || pc < location->low ||
      pc >= location->high)
    return -UNW_ENOINFO;
  memcpy(&header, (const void *)location->unwind, sizeof header);
  if (memcmp(header.form, usual, sizeof usual) != 0 || header.n == 0 ||
      header.n > (location->high - location->unwind - sizeof header) / 8)
    return -UNW_ENOINFO;
  unw_dyn_info_t tables = {
      .format = UNW_INFO_FORMAT_REMOTE_TABLE, .start_ip = location->low, .end_ip = location->high};
  tables.u.rti.segbase = location->unwind;
  tables.u.rti.table_data = location->unwind + sizeof header;
  tables.u.rti.table_len = (unw_word_t)header.n * 8 / sizeof(unw_word_t);
  int result = self.search(space, pc, &tables, info, wanted, arg);
  question->has_tables = result >= 0;
  return result;
}

static void put_tables(unw_addr_space_t space, unw_proc_info_t *info, void *arg) {
  (void)space, (void)info, (void)arg;
}

static int find_dynamic(unw_addr_space_t space, unw_word_t *list, void *arg) {
  (void)space, (void)list, (void)arg;
  return -UNW_ENOINFO;
}

static int read_memory(unw_addr_space_t space, unw_word_t at, unw_word_t *word, int is_write,
                       void *arg) {
  struct question *question = arg;
  (void)space;
  if (is_write)
    return -UNW_EINVAL;
  if (at < MADE_UP_SP / 2) {
    if (at < question->location->low || at >= question->location->high || at % sizeof *word != 0)
      return -UNW_EINVAL;
    memcpy(word, (const void *)(uintptr_t)at, sizeof *word);
    return 0;
  }
  if (question->n_read == 0)
    question->first_read = at;
  if (question->n_read == 0 || question->last_read != at) // an operand is read in bytes
    question->n_read++;
  question->last_read = at;
  *word = MADE_UP_WORD;
  return 0;
}

static int read_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *word,
                         int is_write, void *arg) {
  const struct question *question = arg;
  (void)space;
  if (is_write)
    return -UNW_EREADONLYREG;
  if (number == UNW_X86_64_RIP)
    *word = question->address;
  else if (number == UNW_X86_64_RSP)
    *word = MADE_UP_SP;
  else if (number == UNW_X86_64_RBP)
    *word = MADE_UP_FP;
  else
    return -UNW_EBADREG;
  return 0;
}

static int read_fp_register(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *word,
                            int is_write, void *arg) {
  (void)space, (void)number, (void)word, (void)is_write, (void)arg;
  return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *arg) {
  (void)space, (void)cursor, (void)arg;
  return -UNW_EINVAL;
}

// --- the rule ---

static bool is_near(unw_word_t at, unw_word_t base, int64_t least, int64_t most) {
  return (int64_t)(at - base) >= least && (int64_t)(at - base) <= most;
}

static bool is_int32(unw_word_t at, unw_word_t base) {
  return is_near(at, base, INT32_MIN, INT32_MAX);
}

static bool is_int16(unw_word_t at, unw_word_t base) {
  return is_near(at, base, INT16_MIN, INT16_MAX);
}

static struct nck_unwind_rule ask(struct question *question) {
  const struct nck_unwind_rule unknown = {.cfa = NCK_UNWIND_UNKNOWN};
  struct nck_unwind_rule rule = {0};
  unw_cursor_t cursor;
  unw_word_t cfa, fp;

  if (self.init(&cursor, self.space, question) < 0)
    return unknown;
  int result = self.step(&cursor);
  if (!question->has_tables) // it has guessed: stack.c does that with the true registers
    return unknown;
  if (result < 0 || self.get_reg(&cursor, UNW_X86_64_CFA, &cfa) < 0)
    return unknown;
  bool has_return_address = question->n_read > 0 && question->last_read == cfa - 8;
  if (result == 0) {
    rule.cfa = has_return_address ? NCK_UNWIND_UNKNOWN : NCK_UNWIND_END;
    return rule;
  }
  if (!has_return_address)
    return unknown;
  if (question->n_read == 1 && is_int32(cfa, MADE_UP_SP)) {
    rule.cfa = NCK_UNWIND_SP;
    rule.cfa_offset = (int32_t)(cfa - MADE_UP_SP);
  } else if (question->n_read == 1 && is_int32(cfa, MADE_UP_FP)) {
    rule.cfa = NCK_UNWIND_FP;
    rule.cfa_offset = (int32_t)(cfa - MADE_UP_FP);
  } else if (question->n_read == 2 && cfa == MADE_UP_WORD &&
             is_int32(question->first_read, MADE_UP_FP)) {
    rule.cfa = NCK_UNWIND_FP_LOADED;
    rule.cfa_offset = (int32_t)(question->first_read - MADE_UP_FP);
  } else {
    return unknown;
  }

  if (self.get_reg(&cursor, UNW_X86_64_RBP, &fp) < 0)
    return unknown;
  if (fp == MADE_UP_FP) {
    rule.fp = NCK_UNWIND_FP_SAME;
  } else if (fp == MADE_UP_WORD && is_int16(question->last_read, cfa)) {
    rule.fp = NCK_UNWIND_FP_AT_CFA;
    rule.fp_offset = (int16_t)(question->last_read - cfa);
  } else if (fp == MADE_UP_WORD && is_int16(question->last_read, MADE_UP_FP)) {
    rule.fp = NCK_UNWIND_FP_AT_FP;
    rule.fp_offset = (int16_t)(question->last_read - MADE_UP_FP);
  } else {
    return unknown;
  }
  return rule;
}

struct nck_unwind_rule nck_unwind_rule_by_libunwind(uintptr_t address,
                                                    const struct nck_location *location) {
  struct question question = {.address = address, .location = location};
  int saved_errno = errno;

  pthread_mutex_lock(&self.lock);
  struct nck_unwind_rule rule = ask(&question);
  pthread_mutex_unlock(&self.lock);
  errno = saved_errno;
  return rule;
}

struct nck_unwind_rule nck_unwind_rule(uintptr_t address, const struct nck_location *location) {
  return __atomic_load_n(&self.is_at_work, __ATOMIC_ACQUIRE)
             ? nck_unwind_rule_by_libunwind(address, location)
             : nck_unwind_rule_by_tables(address, location);
}

// --- start ---

static void fork_lock(void) { pthread_mutex_lock(&self.lock); }

static void fork_unlock(void) { pthread_mutex_unlock(&self.lock); }

const void *nck_unwind_load(void) {
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

  if (library == NULL) {
    dlerror(); // ours, not to be found by the program
    return NULL;
  }
  const struct {
    const char *name;
    void *to;
  } wanted[] = {{SYMBOL(create_addr_space), &self.create},
                {SYMBOL(init_remote), &self.init},
                {SYMBOL(step), &self.step},
                {SYMBOL(get_reg), &self.get_reg},
                {SYMBOL(dwarf_search_unwind_table), &self.search}};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    void *symbol = dlsym(library, wanted[i].name);
    if (symbol == NULL) {
      dlerror();
      dlclose(library);
      return NULL;
    }
    memcpy(wanted[i].to, &symbol, sizeof symbol);
  }
  return (const void *)(uintptr_t)self.init;
}

// Returns to here: what both have to agree on.
static __attribute__((noinline)) bool agrees(void) {
  uintptr_t address = (uintptr_t)__builtin_return_address(0) - 1;
  struct nck_location location;

  if (!nck_module_locate(address, &location))
    return false;
  struct nck_unwind_rule ours = nck_unwind_rule_by_tables(address, &location);
  struct nck_unwind_rule theirs = nck_unwind_rule_by_libunwind(address, &location);
  return ours.cfa != NCK_UNWIND_UNKNOWN && memcmp(&ours, &theirs, sizeof ours) == 0;
}

bool nck_unwind_start(void) {
  // Newer versions have more members than the header that we were compiled with.
  union {
    unw_accessors_t known;
    void *all[32];
  } accessors;
  int saved_errno = errno;

  memset(&accessors, 0, sizeof accessors);
  accessors.known.find_proc_info = find_tables;
  accessors.known.put_unwind_info = put_tables;
  accessors.known.get_dyn_info_list_addr = find_dynamic;
  accessors.known.access_mem = read_memory;
  accessors.known.access_reg = read_register;
  accessors.known.access_fpreg = read_fp_register;
  accessors.known.resume = resume;
  self.space = self.create(&accessors.known, 0); // nothing is cached in it, unless told otherwise
  bool is_good =
      self.space != NULL && pthread_atfork(fork_lock, fork_unlock, fork_unlock) == 0 && agrees();
  __atomic_store_n(&self.is_at_work, is_good, __ATOMIC_RELEASE);
  errno = saved_errno;
  return is_good;
}

const char *nck_unwind_name(void) {
  return __atomic_load_n(&self.is_at_work, __ATOMIC_ACQUIRE) ? "libunwind"
                                                             : "unwind tables without libunwind";
}

#else // arm64: the chain of frame records is the better guide there, see unwind.c

struct nck_unwind_rule nck_unwind_rule(uintptr_t address, const struct nck_location *location) {
  return nck_unwind_rule_by_tables(address, location);
}

const void *nck_unwind_load(void) { return NULL; }

bool nck_unwind_start(void) { return false; }

const char *nck_unwind_name(void) { return "frame pointers"; }

#endif
