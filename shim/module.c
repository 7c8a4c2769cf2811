// module.c: which files are mapped where. Contracts in module.h.
//
// Looked up without a lock: readers take the published table, a sorted array, and check afterwards
// that it cannot have been given back meanwhile. Writers build a new one under a mutex. What needs
// the file system or the record is done outside dl_iterate_phdr, which holds a lock of the loader:
// inside it the facts are only copied, because a module may be unmapped by another thread as soon
// as the lock is free.
#define _GNU_SOURCE
#include "module.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "interpose.h"
#include "options.h"
#include "package.h"
#include "recorder.h"
#include "say.h"

struct entry {
  uintptr_t low, high;
  uintptr_t bias;
  uintptr_t unwind;              // PT_GNU_EH_FRAME
  uintptr_t data_low, data_high; // of the writable segments
  uint32_t row;                  // 0 when the record had no room
  uint32_t name_hash;
  uint8_t build_id[20];
  uint8_t build_id_bytes;
  bool imports_v8;
  bool names_unknown; // it has the name of a function that only the runtime knows
  bool is_executable; // the process's own
  bool is_old;        // while refreshing: taken over from the table before
  uint32_t name;      // while refreshing: offset in struct snapshot's names
};

struct table {
  size_t n;
  size_t bytes; // of the allocation
  struct entry entries[];
};

// A reader that loaded a table finishes long before this many others have come and gone; it checks.
enum { KEPT_TABLES = 16 };

static struct {
  pthread_mutex_t lock; // protects what follows; taken before the recorder's
  struct table *kept[KEPT_TABLES];
} writer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct table *published;       // atomic
uint32_t nck_module_epoch_now;        // atomic; raised with each table
static uint64_t seen_adds, seen_subs; // atomic; dl_iterate_phdr's counters of the table
static uint64_t unknown_pages[1024];  // atomic; page | epoch << 40: no module, asked before

static __thread struct {
  struct nck_location location;
  uint32_t epoch;
} last_hit __attribute__((tls_model("initial-exec")));

// --- reading ---

static bool look_up(uintptr_t address, struct entry *found) {
  for (;;) {
    uint32_t before = __atomic_load_n(&nck_module_epoch_now, __ATOMIC_ACQUIRE);
    const struct table *table = __atomic_load_n(&published, __ATOMIC_ACQUIRE);
    if (table == NULL)
      return false;
    size_t from = 0, to = table->n;
    while (from < to) {
      size_t middle = (from + to) / 2;
      if (table->entries[middle].high <= address)
        from = middle + 1;
      else
        to = middle;
    }
    bool is_found = from < table->n && table->entries[from].low <= address;
    if (is_found)
      *found = table->entries[from];
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(&nck_module_epoch_now, __ATOMIC_ACQUIRE) - before < KEPT_TABLES - 1)
      return is_found;
  }
}

static bool was_unknown(uintptr_t address) {
  uint64_t page = address >> 12;
  uint64_t key = (page & 0xffffffffffull) |
                 (uint64_t)__atomic_load_n(&nck_module_epoch_now, __ATOMIC_RELAXED) << 40;
  uint64_t *slot = &unknown_pages[page % (sizeof unknown_pages / sizeof *unknown_pages)];
  return __atomic_load_n(slot, __ATOMIC_RELAXED) == key;
}

static void note_unknown(uintptr_t address) {
  uint64_t page = address >> 12;
  uint64_t key = (page & 0xffffffffffull) |
                 (uint64_t)__atomic_load_n(&nck_module_epoch_now, __ATOMIC_RELAXED) << 40;
  uint64_t *slot = &unknown_pages[page % (sizeof unknown_pages / sizeof *unknown_pages)];
  __atomic_store_n(slot, key, __ATOMIC_RELAXED);
}

// The module of an address, through this thread's last hit. NULL: none. Good until the next call.
static const struct nck_location *find(uintptr_t address) {
  struct entry entry;
  uint32_t now = __atomic_load_n(&nck_module_epoch_now, __ATOMIC_ACQUIRE);

  if (last_hit.epoch == now &&
      address - last_hit.location.low < last_hit.location.high - last_hit.location.low)
    return &last_hit.location;
  if (!look_up(address, &entry)) {
    if (was_unknown(address))
      return NULL;
    nck_module_refresh();
    now = __atomic_load_n(&nck_module_epoch_now, __ATOMIC_ACQUIRE);
    if (!look_up(address, &entry)) {
      note_unknown(address);
      return NULL;
    }
  }
  uint32_t flags = entry.row != 0
                       ? __atomic_load_n(&nck_recorder.modules[entry.row].flags, __ATOMIC_RELAXED)
                       : 0;
  last_hit.location = (struct nck_location){.low = entry.low,
                                            .high = entry.high,
                                            .bias = entry.bias,
                                            .unwind = entry.unwind,
                                            .row = entry.row,
                                            .flags = flags};
  last_hit.epoch = now;
  return &last_hit.location;
}

bool nck_module_locate(uintptr_t address, struct nck_location *location) {
  const struct nck_location *found = find(address);
  if (found == NULL)
    return false;
  *location = *found;
  return true;
}

uint32_t nck_module_find(uintptr_t address) {
  const struct nck_location *location = find(address);
  return location != NULL ? location->row : 0;
}

uint64_t nck_module_frame(uintptr_t address, bool exact) {
  const struct nck_location *location = find(address);
  if (location == NULL || location->row == 0)
    return 0;
  return NCK_FRAME_MAKE(location->row, address - location->bias) | (exact ? NCK_FRAME_EXACT : 0);
}

uint32_t nck_module_find_data(uintptr_t address, uint64_t *offset) {
  struct entry entry;
  if (!look_up(address, &entry) || address < entry.data_low || address >= entry.data_high)
    return 0;
  *offset = address - entry.bias;
  return entry.row;
}

void nck_module_mark_addon(uint32_t module) {
  if (module == 0 || nck_recorder.header == NULL)
    return;
  uint32_t *flags = &nck_recorder.modules[module].flags;
  if (__atomic_load_n(flags, __ATOMIC_RELAXED) & NCK_MODULE_ADDON)
    return;
  // Said at once and once: a run that checks nothing must not look like one that finds nothing.
  uint32_t before = __atomic_fetch_or(flags, NCK_MODULE_ADDON, __ATOMIC_RELAXED);
  if ((before & (NCK_MODULE_ADDON | NCK_MODULE_NEWER)) == NCK_MODULE_NEWER)
    nck_say(
        "%s is not checked: it uses functions of this runtime that this napicheck does not know",
        nck_recorder.strings + nck_recorder.modules[module].path);
}

// --- what the loader knows ---

struct counters {
  uint64_t adds, subs;
  size_t n, name_bytes;
};

static int count_first(struct dl_phdr_info *info, size_t bytes, void *arg) {
  struct counters *counters = arg;
  (void)bytes;
  counters->adds = info->dlpi_adds;
  counters->subs = info->dlpi_subs;
  return 1;
}

static int count_all(struct dl_phdr_info *info, size_t bytes, void *arg) {
  struct counters *counters = arg;
  count_first(info, bytes, arg);
  counters->n++;
  counters->name_bytes += strlen(info->dlpi_name) + 1;
  return 0;
}

struct snapshot {
  struct counters counters; // as they were when the entries were read
  const struct table *before;
  struct entry *entries;
  char *names;
  size_t n, max;
  size_t name_bytes, max_name_bytes;
  bool is_cut; // more modules than a moment before: once more
};

static uint32_t hash_name(const char *name) {
  uint32_t hash = 2166136261u;
  for (; *name != 0; name++)
    hash = (hash ^ (unsigned char)*name) * 16777619u;
  return hash;
}

// V8's C++ functions have mangled names like _ZN2v85Local... or _ZNK2v8..., and functions that take
// its types have them in the middle: node::Buffer::HasInstance(v8::Local<v8::Value>).
static bool imports_v8(const struct nck_image *image) {
  size_t n = nck_image_imports(image);
  for (size_t i = 1; i < n; i++) {
    const char *name = nck_image_name(image, &image->symbols[i]);
    if (image->symbols[i].st_shndx != 0 || name[0] != '_' || name[1] != 'Z')
      continue;
    for (const char *at = strstr(name + 2, "2v8"); at != NULL; at = strstr(at + 3, "2v8"))
      if ((at[-1] == 'N' || at[-1] == 'K') && at[3] >= '1' && at[3] <= '9')
        return true;
  }
  return false;
}

// A function that we do not know gets what the addon has: it must not be a token or a tagged value.
// Whether it is imported or looked up by dlsym, its name stands in what the addon cannot write to.
static bool names_unknown(const struct nck_image *image) {
  for (const char *name = nck_interposed.unknown; *name != '\0';) {
    char text[128];
    size_t length = strcspn(name, "\n");
    if (length < sizeof text) {
      memcpy(text, name, length);
      text[length] = '\0';
      for (size_t i = 0; i < image->n_headers; i++) {
        const ElfW(Phdr) *header = &image->headers[i];
        if (header->p_type == PT_LOAD && header->p_flags & PF_R && !(header->p_flags & PF_W) &&
            memmem((const void *)(image->bias + header->p_vaddr), header->p_filesz, text,
                   length + 1) != NULL)
          return true;
      }
    }
    name += length;
    name += *name == '\n';
  }
  return false;
}

static void read_segments(struct entry *entry, const struct nck_image *image) {
  entry->data_low = UINTPTR_MAX;
  for (size_t i = 0; i < image->n_headers; i++) {
    const ElfW(Phdr) *header = &image->headers[i];
    uintptr_t start = image->bias + header->p_vaddr, end = start + header->p_memsz;
    if (header->p_type == PT_GNU_EH_FRAME)
      entry->unwind = start;
    if (header->p_type == PT_LOAD && header->p_flags & PF_W) {
      if (start < entry->data_low)
        entry->data_low = start;
      if (end > entry->data_high)
        entry->data_high = end;
    }
  }
}

static const struct entry *find_before(const struct snapshot *snapshot, const struct entry *entry) {
  const struct table *before = snapshot->before;
  size_t from = 0, to = before != NULL ? before->n : 0;
  while (from < to) {
    size_t middle = (from + to) / 2;
    if (before->entries[middle].low < entry->low)
      from = middle + 1;
    else
      to = middle;
  }
  if (before == NULL || from == before->n)
    return NULL;
  const struct entry *old = &before->entries[from];
  bool is_same = old->low == entry->low && old->high == entry->high && old->bias == entry->bias &&
                 old->name_hash == entry->name_hash &&
                 old->build_id_bytes == entry->build_id_bytes &&
                 memcmp(old->build_id, entry->build_id, sizeof old->build_id) == 0;
  return is_same ? old : NULL;
}

static int copy_entry(struct dl_phdr_info *info, size_t bytes, void *arg) {
  struct snapshot *snapshot = arg;
  struct entry *entry = &snapshot->entries[snapshot->n];
  struct nck_image image;
  size_t name_bytes = strlen(info->dlpi_name) + 1;
  (void)bytes;

  snapshot->counters.adds = info->dlpi_adds;
  snapshot->counters.subs = info->dlpi_subs;
  if (snapshot->n == snapshot->max ||
      snapshot->name_bytes + name_bytes > snapshot->max_name_bytes) {
    snapshot->is_cut = true;
    return 1;
  }
  memset(entry, 0, sizeof *entry);
  bool is_first = snapshot->n == 0;
  bool has_symbols = nck_image_read(&image, info);
  if (image.low >= image.high)
    return 0;
  entry->low = image.low;
  entry->high = image.high;
  entry->bias = image.bias;
  entry->is_executable = is_first;
  entry->name_hash = hash_name(info->dlpi_name);
  entry->build_id_bytes =
      (uint8_t)nck_image_build_id(&image, entry->build_id, sizeof entry->build_id);
  read_segments(entry, &image);
  const struct entry *old = find_before(snapshot, entry);
  if (old != NULL) {
    *entry = *old;
    entry->is_old = true;
  } else {
    entry->imports_v8 = has_symbols && imports_v8(&image);
    entry->names_unknown = has_symbols && !is_first && names_unknown(&image);
    entry->name = (uint32_t)snapshot->name_bytes;
    memcpy(snapshot->names + snapshot->name_bytes, info->dlpi_name, name_bytes);
    snapshot->name_bytes += name_bytes;
  }
  snapshot->n++;
  return 0;
}

// --- rows of the record ---

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static bool is_system(const char *path) {
  static const char *const names[] = {"ld",
                                      "ld-linux",
                                      "ld-musl",
                                      "libc",
                                      "libm",
                                      "libdl",
                                      "librt",
                                      "libutil",
                                      "libpthread",
                                      "libresolv",
                                      "libstdc++",
                                      "libc++",
                                      "libc++abi",
                                      "libgcc_s",
                                      "libatomic",
                                      "libunwind",
                                      "libunwind-x86_64",
                                      "libunwind-aarch64",
                                      "linux-vdso",
                                      "linux-gate",
                                      "libmvec",
                                      "libnss"};
  const char *base = base_name(path);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t n = strlen(names[i]);
    // libm.so.6, libm-2.31.so, ld-linux-x86-64.so.2, but not libmagic.so
    if (strncmp(base, names[i], n) == 0 && strstr(base, ".so") != NULL &&
        (base[n] == '.' || base[n] == '-' || base[n] == '_'))
      return true;
  }
  return false;
}

// By its file or, asked for only where that does not decide, by its npm package.
static bool is_wanted(const char *path) {
  char name[256], version[256];
  return nck_options_want_module(path) || (nck_package_find(path, name, version, sizeof name) &&
                                           nck_options_want_package(name, version));
}

static uint32_t flags_of(const struct entry *entry, const char *path) {
  uint32_t flags = 0;
  uintptr_t here = (uintptr_t)&published;

  if (here >= entry->low && here < entry->high)
    flags |= NCK_MODULE_OURS;
  else if (nck_interposed.runtime != NCK_RUNTIME_NONE &&
           (entry->is_executable ||
            (nck_interposed.runtime_low >= entry->low && nck_interposed.runtime_low < entry->high)))
    flags |= NCK_MODULE_RUNTIME;
  else if (is_system(path))
    flags |= NCK_MODULE_SYSTEM;
  else if (!is_wanted(path))
    flags |= NCK_MODULE_UNWATCHED;
  else if (entry->names_unknown)
    flags |= NCK_MODULE_UNWATCHED | NCK_MODULE_NEWER;
  if (entry->imports_v8)
    flags |= NCK_MODULE_V8;
  return flags;
}

// Writes the file's path: absolute and without symbolic links where the file is still there, for
// package.json is looked for above it.
static void resolve_path(const struct entry *entry, const char *name, char path[PATH_MAX]) {
  if (entry->is_executable) {
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n > 0) {
      path[n] = 0;
      return;
    }
  }
  if (strchr(name, '/') != NULL && realpath(name, path) != NULL)
    return;
  size_t n = strnlen(name, PATH_MAX - 1);
  memcpy(path, name, n);
  path[n] = 0;
}

static uint32_t row_for(const struct entry *entry, const char *path) {
  uint32_t string = nck_recorder_string(path, strlen(path));
  uint64_t n = __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_MODULE], __ATOMIC_ACQUIRE);
  uint32_t row = 0;

  // The same file again: a worker's addon, unmapped and mapped for the next worker.
  for (uint64_t i = 1; i < n && string != 0; i++) {
    const struct nck_module *module = &nck_recorder.modules[i];
    if (module->path == string && module->flags & NCK_MODULE_UNLOADED &&
        module->build_id_bytes == entry->build_id_bytes &&
        memcmp(module->build_id, entry->build_id, sizeof module->build_id) == 0)
      row = (uint32_t)i;
  }
  if (row == 0)
    row = nck_recorder_append(NCK_TABLE_MODULE, 1);
  if (row == 0 || row > UINT16_MAX) // a frame names its module in 16 bits
    return 0;
  struct nck_module *module = &nck_recorder.modules[row];
  module->bias = entry->bias;
  module->low = entry->low;
  module->high = entry->high;
  module->path = string;
  memcpy(module->build_id, entry->build_id, sizeof module->build_id);
  module->build_id_bytes = entry->build_id_bytes;
  module->n_loads++;
  uint32_t kept = module->flags & NCK_MODULE_ADDON;
  __atomic_store_n(&module->flags, kept | flags_of(entry, path), __ATOMIC_RELEASE);
  return row;
}

static void mark_vanished(const struct table *before, const struct snapshot *now) {
  for (size_t i = 0; before != NULL && i < before->n; i++) {
    const struct entry *old = &before->entries[i];
    bool is_there = false;
    for (size_t j = 0; j < now->n && !is_there; j++)
      is_there = now->entries[j].is_old && now->entries[j].low == old->low;
    if (!is_there && old->row != 0)
      __atomic_fetch_or(&nck_recorder.modules[old->row].flags, NCK_MODULE_UNLOADED,
                        __ATOMIC_RELAXED);
  }
}

// Not qsort: it may call malloc.
static void sort_entries(struct entry *entries, size_t n) {
  static const size_t gaps[] = {301, 132, 57, 23, 10, 4, 1};
  for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
    for (size_t i = gaps[g]; i < n; i++) {
      struct entry moved = entries[i];
      size_t to = i;
      for (; to >= gaps[g] && entries[to - gaps[g]].low > moved.low; to -= gaps[g])
        entries[to] = entries[to - gaps[g]];
      entries[to] = moved;
    }
  }
}

static void publish(struct table *table) {
  struct table *oldest = writer.kept[KEPT_TABLES - 1];
  if (oldest != NULL)
    nck_own_free(oldest, oldest->bytes);
  memmove(&writer.kept[1], &writer.kept[0], (KEPT_TABLES - 1) * sizeof *writer.kept);
  writer.kept[0] = table;
  __atomic_store_n(&published, table, __ATOMIC_RELEASE);
  __atomic_fetch_add(&nck_module_epoch_now, 1, __ATOMIC_ACQ_REL);
}

// One reading of all modules. False: there were more than counted, or no memory.
static bool read_all(struct snapshot *snapshot, struct table **table, const struct counters *size) {
  size_t bytes = sizeof(struct table) + (size->n + 8) * sizeof(struct entry);
  *table = nck_own_alloc(bytes);
  if (*table == NULL)
    return false;
  (*table)->bytes = bytes;
  snapshot->max_name_bytes = size->name_bytes + 4096;
  snapshot->names = nck_own_alloc(snapshot->max_name_bytes);
  if (snapshot->names != NULL) {
    snapshot->before = published;
    snapshot->entries = (*table)->entries;
    snapshot->max = size->n + 8;
    dl_iterate_phdr(copy_entry, snapshot);
    if (!snapshot->is_cut)
      return true;
    nck_own_free(snapshot->names, snapshot->max_name_bytes);
  }
  nck_own_free(*table, bytes);
  return false;
}

static void read_again(void) {
  struct counters size = {0};
  struct snapshot snapshot = {0};
  struct table *table = NULL;

  dl_iterate_phdr(count_all, &size);
  if (!read_all(&snapshot, &table, &size))
    return; // the next refresh tries again
  mark_vanished(snapshot.before, &snapshot);
  bool is_changed = snapshot.before == NULL || snapshot.n != snapshot.before->n;
  for (size_t i = 0; i < snapshot.n; i++) {
    struct entry *entry = &snapshot.entries[i];
    if (entry->is_old)
      continue;
    char path[PATH_MAX];
    resolve_path(entry, snapshot.names + entry->name, path);
    entry->row = row_for(entry, path);
    is_changed = true;
  }
  nck_own_free(snapshot.names, snapshot.max_name_bytes);
  if (is_changed) {
    table->n = snapshot.n;
    sort_entries(table->entries, table->n);
    publish(table);
  } else {
    nck_own_free(table, table->bytes);
  }
  __atomic_store_n(&seen_subs, snapshot.counters.subs, __ATOMIC_RELEASE);
  __atomic_store_n(&seen_adds, snapshot.counters.adds, __ATOMIC_RELEASE);
}

// Held across a fork, so that the child finds it free and what it protects whole.
static void fork_lock(void) { pthread_mutex_lock(&writer.lock); }

static void fork_unlock(void) { pthread_mutex_unlock(&writer.lock); }

static void watch_forks(void) { pthread_atfork(fork_lock, fork_unlock, fork_unlock); }

static pthread_once_t forks_once = PTHREAD_ONCE_INIT;

void nck_module_refresh(void) {
  struct counters now;
  int saved_errno = errno;

  if (nck_recorder.header == NULL)
    return;
  dl_iterate_phdr(count_first, &now);
  if (now.adds == __atomic_load_n(&seen_adds, __ATOMIC_ACQUIRE) &&
      now.subs == __atomic_load_n(&seen_subs, __ATOMIC_ACQUIRE))
    return;
  pthread_once(&forks_once, watch_forks); // after the recorder's: so ours is taken before
  pthread_mutex_lock(&writer.lock);
  read_again();
  pthread_mutex_unlock(&writer.lock);
  errno = saved_errno;
}

void nck_module_ours(uintptr_t *low, uintptr_t *high) {
  struct entry entry;
  *low = *high = 0;
  if (look_up((uintptr_t)&published, &entry)) {
    *low = entry.low;
    *high = entry.high;
  }
}
