// image.c: an ELF file as it stands in memory. Contracts in image.h.
#define _GNU_SOURCE
#include "image.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// glibc adds the load bias to the addresses in the dynamic section, musl and the kernel's vdso
// leave them as they are in the file.
static uintptr_t dynamic_address(const struct nck_image *image, ElfW(Addr) value) {
  if (value >= image->low && value < image->high)
    return value;
  return image->bias + value;
}

static bool is_inside(const struct nck_image *image, const void *start, size_t bytes) {
  uintptr_t from = (uintptr_t)start;
  return from >= image->low && from <= image->high && bytes <= image->high - from;
}

bool nck_image_read(struct nck_image *image, const struct dl_phdr_info *info) {
  const ElfW(Phdr) *dynamic = NULL;
  size_t rela_bytes = 0, plt_bytes = 0, n_relative = 0;
  bool plt_is_rela = true;

  memset(image, 0, sizeof *image);
  image->bias = info->dlpi_addr;
  image->headers = info->dlpi_phdr;
  image->n_headers = info->dlpi_phnum;
  image->low = UINTPTR_MAX;
  for (size_t i = 0; i < image->n_headers; i++) {
    const ElfW(Phdr) *header = &image->headers[i];
    if (header->p_type == PT_DYNAMIC)
      dynamic = header;
    if (header->p_type != PT_LOAD || header->p_memsz == 0)
      continue;
    uintptr_t start = image->bias + header->p_vaddr;
    if (start < image->low)
      image->low = start;
    if (start + header->p_memsz > image->high)
      image->high = start + header->p_memsz;
  }
  if (image->low >= image->high) {
    image->low = 0;
    return false;
  }
  if (dynamic == NULL)
    return false;

  const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(image->bias + dynamic->p_vaddr);
  const ElfW(Dyn) *end = entry + dynamic->p_memsz / sizeof *entry;
  if (!is_inside(image, entry, dynamic->p_memsz))
    return false;
  for (; entry < end && entry->d_tag != DT_NULL; entry++) {
    switch (entry->d_tag) {
    case DT_SYMTAB:
      image->symbols = (const ElfW(Sym) *)dynamic_address(image, entry->d_un.d_ptr);
      break;
    case DT_STRTAB:
      image->strings = (const char *)dynamic_address(image, entry->d_un.d_ptr);
      break;
    case DT_STRSZ:
      image->strings_bytes = entry->d_un.d_val;
      break;
    case DT_GNU_HASH:
      image->gnu_hash = (const uint32_t *)dynamic_address(image, entry->d_un.d_ptr);
      break;
    case DT_HASH:
      image->sysv_hash = (const uint32_t *)dynamic_address(image, entry->d_un.d_ptr);
      break;
    case DT_RELA:
      image->rela = (const ElfW(Rela) *)dynamic_address(image, entry->d_un.d_ptr);
      break;
    case DT_RELASZ:
      rela_bytes = entry->d_un.d_val;
      break;
    case DT_RELACOUNT:
      n_relative = entry->d_un.d_val;
      break;
    case DT_JMPREL:
      image->plt = (const ElfW(Rela) *)dynamic_address(image, entry->d_un.d_ptr);
      break;
    case DT_PLTRELSZ:
      plt_bytes = entry->d_un.d_val;
      break;
    case DT_PLTREL:
      plt_is_rela = entry->d_un.d_val == DT_RELA;
      break;
    default:
      break;
    }
  }
  if (image->symbols == NULL || image->strings == NULL || !is_inside(image, image->symbols, 0) ||
      !is_inside(image, image->strings, image->strings_bytes)) {
    image->symbols = NULL;
    return false;
  }
  if (image->rela != NULL && is_inside(image, image->rela, rela_bytes)) {
    image->n_rela = rela_bytes / sizeof *image->rela;
    if (n_relative > image->n_rela)
      n_relative = image->n_rela;
    image->rela += n_relative;
    image->n_rela -= n_relative;
  }
  if (image->plt != NULL && plt_is_rela && is_inside(image, image->plt, plt_bytes))
    image->n_plt = plt_bytes / sizeof *image->plt;
  return true;
}

struct containing {
  uintptr_t address;
  struct nck_image *image;
  bool is_good;
};

static int read_if_it_contains(struct dl_phdr_info *info, size_t bytes, void *arg) {
  struct containing *wanted = arg;
  (void)bytes;
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type == PT_LOAD &&
        wanted->address - (info->dlpi_addr + header->p_vaddr) < header->p_memsz) {
      wanted->is_good = nck_image_read(wanted->image, info);
      return 1;
    }
  }
  return 0;
}

bool nck_image_of(struct nck_image *image, const void *address) {
  struct containing wanted = {.address = (uintptr_t)address, .image = image};
  dl_iterate_phdr(read_if_it_contains, &wanted);
  return wanted.is_good;
}

static const ElfW(Sym) * find_gnu(const struct nck_image *image, const char *name, bool defined) {
  const uint32_t *table = image->gnu_hash;
  uint32_t n_buckets = table[0], first = table[1], n_bloom = table[2], bloom_shift = table[3];
  const ElfW(Addr) *bloom = (const ElfW(Addr) *)&table[4];
  const uint32_t *buckets = (const uint32_t *)&bloom[n_bloom];
  const uint32_t *chains = &buckets[n_buckets];
  uint32_t hash = 5381;

  for (const unsigned char *c = (const unsigned char *)name; *c != 0; c++)
    hash = hash * 33 + *c;
  if (n_buckets == 0 || n_bloom == 0)
    return NULL;
  unsigned bits = sizeof(ElfW(Addr)) * 8;
  ElfW(Addr) word = bloom[(hash / bits) & (n_bloom - 1)];
  if (((word >> (hash % bits)) & (word >> ((hash >> bloom_shift) % bits)) & 1) == 0)
    return NULL;
  uint32_t index = buckets[hash % n_buckets];
  if (index < first)
    return NULL;
  for (;; index++) {
    uint32_t chain = chains[index - first];
    if (((chain ^ hash) & ~1u) == 0) {
      const ElfW(Sym) *symbol = &image->symbols[index];
      if ((symbol->st_shndx != SHN_UNDEF) == defined &&
          strcmp(nck_image_name(image, symbol), name) == 0)
        return symbol;
    }
    if (chain & 1)
      return NULL;
  }
}

static const ElfW(Sym) * find_sysv(const struct nck_image *image, const char *name, bool defined) {
  const uint32_t *table = image->sysv_hash;
  uint32_t n_buckets = table[0];
  const uint32_t *buckets = &table[2];
  const uint32_t *chains = &buckets[n_buckets];
  uint32_t hash = 0;

  for (const unsigned char *c = (const unsigned char *)name; *c != 0; c++) {
    hash = (hash << 4) + *c;
    uint32_t high = hash & 0xf0000000u;
    hash = (hash ^ high >> 24) & ~high;
  }
  if (n_buckets == 0)
    return NULL;
  for (uint32_t index = buckets[hash % n_buckets]; index != 0; index = chains[index]) {
    const ElfW(Sym) *symbol = &image->symbols[index];
    if ((symbol->st_shndx != SHN_UNDEF) == defined &&
        strcmp(nck_image_name(image, symbol), name) == 0)
      return symbol;
  }
  return NULL;
}

static const ElfW(Sym) * find(const struct nck_image *image, const char *name, bool defined) {
  if (image->symbols == NULL)
    return NULL;
  if (image->gnu_hash != NULL)
    return find_gnu(image, name, defined);
  if (image->sysv_hash != NULL)
    return find_sysv(image, name, defined);
  return NULL;
}

const ElfW(Sym) * nck_image_find(const struct nck_image *image, const char *name) {
  return find(image, name, true);
}

const ElfW(Sym) * nck_image_find_listed_import(const struct nck_image *image, const char *name) {
  return find(image, name, false);
}

size_t nck_image_imports(const struct nck_image *image) {
  if (image->symbols == NULL)
    return 0;
  if (image->gnu_hash == NULL)
    return image->sysv_hash != NULL ? image->sysv_hash[1] : 0;
  // What DT_GNU_HASH lists stands at the end of the table, and undefined symbols are not listed.
  size_t n = image->gnu_hash[1];
  if (n > 1)
    return n;
  // Where nothing is defined, binutils writes 1 whatever is imported: then the imports stand in the
  // relocations alone.
  for (size_t i = 0; i < image->n_rela; i++)
    if (ELF64_R_SYM(image->rela[i].r_info) >= n)
      n = ELF64_R_SYM(image->rela[i].r_info) + 1;
  for (size_t i = 0; i < image->n_plt; i++)
    if (ELF64_R_SYM(image->plt[i].r_info) >= n)
      n = ELF64_R_SYM(image->plt[i].r_info) + 1;
  return n;
}

size_t nck_image_symbols(const struct nck_image *image) {
  if (image->symbols == NULL || image->gnu_hash == NULL)
    return nck_image_imports(image);
  const uint32_t *table = image->gnu_hash;
  uint32_t n_buckets = table[0], first = table[1], n_bloom = table[2];
  const uint32_t *buckets = (const uint32_t *)((const ElfW(Addr) *)&table[4] + n_bloom);
  const uint32_t *chains = &buckets[n_buckets];
  uint32_t last = 0;

  for (uint32_t i = 0; i < n_buckets; i++)
    if (buckets[i] > last)
      last = buckets[i];
  if (last < first)
    return nck_image_imports(image);
  while ((chains[last - first] & 1) == 0)
    last++;
  return last + 1;
}

size_t nck_image_build_id(const struct nck_image *image, uint8_t *build_id, size_t max) {
  for (size_t i = 0; i < image->n_headers; i++) {
    const ElfW(Phdr) *header = &image->headers[i];
    if (header->p_type != PT_NOTE)
      continue;
    const char *at = (const char *)(image->bias + header->p_vaddr);
    size_t left = header->p_memsz;
    size_t align = header->p_align == 8 ? 8 : 4;
    if (!is_inside(image, at, left))
      continue;
    while (left >= sizeof(ElfW(Nhdr))) {
      const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
      size_t name = sizeof *note;
      size_t description = (name + note->n_namesz + align - 1) & ~(align - 1);
      size_t next = (description + note->n_descsz + align - 1) & ~(align - 1);
      if (description + note->n_descsz > left)
        break;
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
          memcmp(at + name, "GNU", 4) == 0) {
        size_t bytes = note->n_descsz < max ? note->n_descsz : max;
        memcpy(build_id, at + description, bytes);
        return bytes;
      }
      if (next >= left)
        break;
      at += next;
      left -= next;
    }
  }
  return 0;
}

int nck_image_protection(const struct nck_image *image, uintptr_t address) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  int protection = -1;

  for (size_t i = 0; i < image->n_headers; i++) {
    const ElfW(Phdr) *header = &image->headers[i];
    uintptr_t start = image->bias + header->p_vaddr;
    uintptr_t end = start + header->p_memsz;
    if (header->p_type == PT_LOAD && address >= (start & -page) &&
        address < ((end + page - 1) & -page))
      protection = (header->p_flags & PF_R ? PROT_READ : 0) |
                   (header->p_flags & PF_W ? PROT_WRITE : 0) |
                   (header->p_flags & PF_X ? PROT_EXEC : 0);
    // The loader protects whole pages only: the rest of the last one stays writable.
    if (header->p_type == PT_GNU_RELRO && address >= (start & -page) && address < (end & -page))
      return PROT_READ;
  }
  return protection;
}
