// interpose.c: in front of a runtime that defines napi_* itself. Contracts in interpose.h.
//
// The executable stands before preloaded libraries in the look-up order, and RTLD_NEXT cannot see
// it. But the loader skips a symbol whose value is 0 (a symbol that this object does not define)
// and goes on to the next object of the scope, which is ours. It asks the symbol table at every
// look-up: nothing is cached. So the runtime's entries are cleared after their values were taken;
// its own calls are bound already and stay as they are.
#define _GNU_SOURCE
#include "interpose.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ending.h"
#include "image.h"
#include "loader.h"

#if defined(__x86_64__)
#define RELOCATION_SLOT R_X86_64_JUMP_SLOT
#define RELOCATION_DATA R_X86_64_GLOB_DAT
#elif defined(__aarch64__)
#define RELOCATION_SLOT R_AARCH64_JUMP_SLOT
#define RELOCATION_DATA R_AARCH64_GLOB_DAT
#else
#error "the names of this machine's relocations are wanted here"
#endif

struct nck_interposed nck_interposed;

static struct nck_image runtime; // the executable or libnode
static struct nck_image ours;
static const struct nck_function *functions;
static size_t n_functions;

// Writes into a page that the loader has made read-only, and puts its protection back. Where
// mprotect is refused (a sealed mapping, a policy), the kernel may still let us write as a debugger
// does.
static bool write_protected(const struct nck_image *image, void *at, const void *bytes,
                            size_t n_bytes) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t from = (uintptr_t)at & -page;
  uintptr_t to = ((uintptr_t)at + n_bytes + page - 1) & -page;
  int protection = nck_image_protection(image, (uintptr_t)at);

  if (protection < 0)
    return false;
  if (protection & PROT_WRITE || mprotect((void *)from, to - from, protection | PROT_WRITE) == 0) {
    memcpy(at, bytes, n_bytes);
    if (!(protection & PROT_WRITE))
      mprotect((void *)from, to - from, protection);
    return true;
  }
  int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return false;
  bool is_written = pwrite(fd, bytes, n_bytes, (off_t)(uintptr_t)at) == (ssize_t)n_bytes;
  close(fd);
  return is_written;
}

// Clears the entries of `symbols` in the image's symbol table: the loader does not see them any
// more.
static size_t retire(const struct nck_image *image, const ElfW(Sym) * *symbols, size_t n_symbols) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t low = UINTPTR_MAX, high = 0;
  size_t n_retired = 0;

  for (size_t i = 0; i < n_symbols; i++) {
    uintptr_t at = (uintptr_t)symbols[i];
    if (at < low)
      low = at;
    if (at + sizeof **symbols > high)
      high = at + sizeof **symbols;
  }
  if (n_symbols == 0)
    return 0;
  // One change of protection for the whole table: one for each of 150 entries would split the
  // mapping 150 times. The table stands in one segment; what else stands in its pages is read or
  // executed all the while, so those rights are kept.
  low &= -page;
  high = (high + page - 1) & -page;
  int protection = nck_image_protection(image, (uintptr_t)symbols[0]);
  bool is_open =
      protection >= 0 &&
      (protection & PROT_WRITE || mprotect((void *)low, high - low, protection | PROT_WRITE) == 0);
  for (size_t i = 0; i < n_symbols; i++) {
    ElfW(Sym) retired = *symbols[i];
    retired.st_value = 0;
    retired.st_shndx = SHN_UNDEF;
    if (is_open) {
      memcpy((void *)(uintptr_t)symbols[i], &retired, sizeof retired);
      n_retired++;
    } else if (write_protected(image, (void *)(uintptr_t)symbols[i], &retired, sizeof retired)) {
      n_retired++;
    }
  }
  if (is_open && !(protection & PROT_WRITE))
    mprotect((void *)low, high - low, protection);
  return n_retired;
}

// --- which object is the runtime ---

struct search {
  struct nck_image *found;
  size_t n_seen;
  bool is_executable;
};

static int find_runtime(struct dl_phdr_info *info, size_t bytes, void *arg) {
  struct search *search = arg;
  struct nck_image image;
  (void)bytes;

  bool is_first = search->n_seen++ == 0; // the executable always comes first
  if (!nck_image_read(&image, info))
    return 0;
  if ((uintptr_t)&nck_interposed - image.low < image.high - image.low) {
    ours = image;
    return search->found->symbols != NULL;
  }
  if (search->found->symbols != NULL || nck_image_find(&image, "napi_create_function") == NULL)
    return 0;
  // More than one name, because a stub or another tool may define a few of them.
  if (nck_image_find(&image, "napi_module_register") == NULL ||
      nck_image_find(&image, "napi_get_undefined") == NULL)
    return 0;
  *search->found = image;
  search->is_executable = is_first;
  return ours.symbols != NULL;
}

static enum nck_runtime_kind kind_of(bool is_executable) {
  if (!is_executable)
    return NCK_RUNTIME_LIBNODE;
  if (nck_image_find(&runtime, "_ZN4node5StartEiPPc") != NULL)
    return NCK_RUNTIME_NODE;
  // Bun defines V8's functions too, on top of its own engine; Deno exports no C++ at all.
  if (nck_image_find(&runtime, "_ZN2v812api_internal12ToLocalEmptyEv") != NULL)
    return NCK_RUNTIME_BUN;
  if (nck_image_find(&runtime, "node_module_register") != NULL &&
      nck_image_find(&runtime, "uv_default_loop") != NULL)
    return NCK_RUNTIME_DENO;
  return NCK_RUNTIME_OTHER;
}

bool nck_interpose_start(const struct nck_function *all, size_t n_all) {
  struct search search = {.found = &runtime};
  int saved_errno = errno;

  enum { MOST = 512 };
  const ElfW(Sym) * theirs[MOST], *absent[MOST];
  size_t n_theirs = 0, n_absent = 0;

  dl_iterate_phdr(find_runtime, &search);
  if (runtime.symbols == NULL || n_all > MOST) {
    errno = saved_errno;
    return false;
  }
  functions = all;
  n_functions = n_all;
  nck_interposed.runtime = kind_of(search.is_executable);
  nck_interposed.runtime_low = runtime.low;
  nck_interposed.runtime_high = runtime.high;

  for (size_t i = 0; i < n_all; i++) {
    const ElfW(Sym) *symbol = nck_image_find(&runtime, all[i].name);
    if (symbol != NULL && symbol->st_value != 0) {
      *all[i].real = (void *)(runtime.bias + symbol->st_value);
      theirs[n_theirs++] = symbol;
    } else {
      *all[i].real = NULL;
      // Addons ask dlsym whether a function is there and take another path when it is not.
      symbol = nck_image_find(&ours, all[i].name);
      if (symbol != NULL)
        absent[n_absent++] = symbol;
    }
  }
  nck_interposed.n_found = (uint32_t)n_theirs;
  // A preloaded library stands before libnode: nothing to retire there.
  if (search.is_executable)
    retire(&runtime, theirs, n_theirs);
  retire(&ours, absent, n_absent);
  errno = saved_errno;
  return true;
}

// --- names that we do not know ---

static bool is_node_api_name(const char *name) {
  return strncmp(name, "napi_", 5) == 0 || strncmp(name, "node_api_", 9) == 0;
}

static bool is_known(const char *name) {
  for (size_t i = 0; i < n_functions; i++)
    if (strcmp(functions[i].name, name) == 0)
      return true;
  return false;
}

void nck_interpose_find_unknown(void) {
  size_t used = 0;
  size_t n_symbols = nck_image_symbols(&runtime);

  nck_interposed.n_unknown = 0;
  for (size_t i = 1; i < n_symbols; i++) {
    const ElfW(Sym) *symbol = &runtime.symbols[i];
    if (symbol->st_shndx == SHN_UNDEF)
      continue;
    const char *name = nck_image_name(&runtime, symbol);
    if (name[0] != 'n' || !is_node_api_name(name) || is_known(name))
      continue;
    nck_interposed.n_unknown++;
    size_t bytes = strlen(name);
    if (used + bytes + 2 > sizeof nck_interposed.unknown)
      continue;
    if (used > 0)
      nck_interposed.unknown[used++] = '\n';
    memcpy(nck_interposed.unknown + used, name, bytes);
    used += bytes;
  }
  nck_interposed.unknown[used] = 0;
}

// --- slots of the global offset table ---

struct wanted {
  uint32_t symbol;
  struct nck_redirection *row;
};

// The imported symbols of those names. More than one entry may bear a name, with different
// versions.
static size_t find_wanted(const struct nck_image *image, struct nck_redirection *rows,
                          size_t n_rows, struct wanted *wanted, size_t max) {
  size_t n_wanted = 0;
  size_t n_imports = nck_image_imports(image);

  for (size_t i = 1; i < n_imports; i++) {
    if (image->symbols[i].st_shndx != SHN_UNDEF)
      continue;
    const char *name = nck_image_name(image, &image->symbols[i]);
    for (size_t r = 0; r < n_rows; r++)
      if (name[0] == rows[r].name[0] && strcmp(name, rows[r].name) == 0 && n_wanted < max)
        wanted[n_wanted++] = (struct wanted){.symbol = (uint32_t)i, .row = &rows[r]};
  }
  for (size_t r = 0; r < n_rows; r++) {
    const ElfW(Sym) *symbol = nck_image_find_listed_import(image, rows[r].name);
    uint32_t index = symbol != NULL ? (uint32_t)(symbol - image->symbols) : 0;
    if (index >= n_imports && n_wanted < max)
      wanted[n_wanted++] = (struct wanted){.symbol = index, .row = &rows[r]};
  }
  return n_wanted;
}

static bool is_slot(const ElfW(Rela) * relocation) {
  uint32_t type = (uint32_t)ELF64_R_TYPE(relocation->r_info);
  return type == RELOCATION_SLOT || type == RELOCATION_DATA;
}

static void redirect_slot(const struct nck_image *image, void **slot, struct nck_redirection *row) {
  void *present = __atomic_load_n(slot, __ATOMIC_RELAXED);

  if (present == row->replacement)
    return;
  // A slot that is not bound yet leads back into the module's own stubs.
  if ((uintptr_t)present - image->low < image->high - image->low)
    present = row->expected != NULL ? row->expected : dlsym(RTLD_NEXT, row->name);
  // An executable that takes a function's address gives it one of its own, and slots for data hold
  // that.
  if (row->expected != NULL && present != row->expected &&
      present != dlsym(RTLD_DEFAULT, row->name))
    return;
  if (write_protected(image, slot, &row->replacement, sizeof row->replacement) &&
      row->n_slots++ == 0)
    row->previous = present;
}

static void redirect(const struct nck_image *image, struct nck_redirection *rows, size_t n_rows) {
  struct wanted wanted[32];
  size_t n_wanted = find_wanted(image, rows, n_rows, wanted, sizeof wanted / sizeof *wanted);
  const ElfW(Rela) * tables[] = {image->plt, image->rela};
  size_t counts[] = {image->n_plt, image->n_rela};

  for (size_t t = 0; t < 2 && n_wanted > 0; t++)
    for (size_t i = 0; i < counts[t]; i++)
      if (is_slot(&tables[t][i]))
        for (size_t w = 0; w < n_wanted; w++)
          if (wanted[w].symbol == ELF64_R_SYM(tables[t][i].r_info))
            redirect_slot(image, (void **)(image->bias + tables[t][i].r_offset), wanted[w].row);
}

size_t nck_interpose_redirect(const void *address, struct nck_redirection *rows, size_t n_rows) {
  struct nck_image image;
  size_t n_slots = 0;
  int saved_errno = errno;

  for (size_t i = 0; i < n_rows; i++)
    rows[i].n_slots = 0;
  if (nck_image_of(&image, address))
    redirect(&image, rows, n_rows);
  for (size_t i = 0; i < n_rows; i++)
    n_slots += rows[i].n_slots;
  errno = saved_errno;
  return n_slots;
}

size_t nck_interpose_got(const void *address, const char *name, void *replacement,
                         void **previous) {
  struct nck_redirection row = {.name = name, .replacement = replacement};
  size_t n_slots = nck_interpose_redirect(address, &row, 1);

  if (previous != NULL && n_slots > 0)
    *previous = row.previous;
  return n_slots;
}

// libnode calls some of its own functions through slots, and those lead to us, because a preloaded
// library comes first. They get the real ones back.
static void restore_internal_calls(void) {
  const ElfW(Rela) * tables[] = {runtime.plt, runtime.rela};
  size_t counts[] = {runtime.n_plt, runtime.n_rela};

  for (size_t t = 0; t < 2; t++) {
    for (size_t i = 0; i < counts[t]; i++) {
      if (!is_slot(&tables[t][i]))
        continue;
      void **slot = (void **)(runtime.bias + tables[t][i].r_offset);
      if ((uintptr_t)*slot - ours.low >= ours.high - ours.low)
        continue;
      for (size_t f = 0; f < n_functions; f++)
        if (functions[f].ours == *slot && *functions[f].real != NULL)
          write_protected(&runtime, slot, functions[f].real, sizeof(void *));
    }
  }
}

void nck_interpose_runtime_slots(void) {
  struct nck_redirection rows[] = {
      {.name = "dlopen", .replacement = (void *)nck_loader_dlopen},
      {.name = "dlsym", .replacement = (void *)nck_loader_dlsym},
      {.name = "dlclose", .replacement = (void *)nck_loader_dlclose},
      {.name = "exit", .replacement = (void *)nck_ending_exit},
      {.name = "quick_exit", .replacement = (void *)nck_ending_quick_exit},
      {.name = "_exit", .replacement = (void *)nck_ending_underscore_exit},
      {.name = "_Exit", .replacement = (void *)nck_ending_underscore_exit},
      {.name = "abort", .replacement = (void *)nck_ending_abort},
      NCK_ENDING_EXECS,
  };
  int saved_errno = errno;

  if (runtime.symbols == NULL)
    return;
  redirect(&runtime, rows, sizeof rows / sizeof *rows);
  if (nck_interposed.runtime == NCK_RUNTIME_LIBNODE)
    restore_internal_calls();
  errno = saved_errno;
}
