// image.h: an ELF file as it stands in memory: its dynamic symbols, relocations and notes, read
// from what the loader has mapped.
//
// Shared by interpose.c, module.c, scan.c and loss.c; nothing here changes the image, reads a file,
// allocates or touches errno. An image is good as long as the object is mapped: read it inside
// dl_iterate_phdr's callback, or for objects that never go away (the executable, libnode,
// ourselves).
#ifndef NAPICHECK_SHIM_IMAGE_H
#define NAPICHECK_SHIM_IMAGE_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nck_image {
  uintptr_t bias;
  uintptr_t low, high; // of all PT_LOAD segments, in memory
  const ElfW(Phdr) * headers;
  size_t n_headers;
  const ElfW(Sym) * symbols; // NULL: no dynamic symbol table
  const char *strings;
  size_t strings_bytes;
  const uint32_t *gnu_hash;  // either may be NULL
  const uint32_t *sysv_hash; //
  const ElfW(Rela) * rela;   // DT_RELA without its leading relative relocations
  size_t n_rela;
  const ElfW(Rela) * plt; // DT_JMPREL
  size_t n_plt;
};

// False: no dynamic section, or a broken one.
bool nck_image_read(struct nck_image *image, const struct dl_phdr_info *info);

// The image that contains `address`. False: none does.
bool nck_image_of(struct nck_image *image, const void *address);

// The defined dynamic symbol of that name, NULL when there is none. By DT_GNU_HASH, else DT_HASH.
const ElfW(Sym) * nck_image_find(const struct nck_image *image, const char *name);

// An undefined symbol that stands in the hash table all the same: a function whose address the
// executable takes without position independent code (Bun: dlopen, dlclose). NULL when there is
// none.
const ElfW(Sym) * nck_image_find_listed_import(const struct nck_image *image, const char *name);

// Number of entries at the start of the dynamic symbol table among which all other undefined
// symbols stand. Cheap.
size_t nck_image_imports(const struct nck_image *image);

// Number of entries of the whole dynamic symbol table. Walks the hash table: not cheap.
size_t nck_image_symbols(const struct nck_image *image);

static inline const char *nck_image_name(const struct nck_image *image, const ElfW(Sym) * symbol) {
  return symbol->st_name < image->strings_bytes ? image->strings + symbol->st_name : "";
}

// Copies the build-id (at most max bytes); returns its length, 0 when there is none.
size_t nck_image_build_id(const struct nck_image *image, uint8_t *build_id, size_t max);

// PROT_* of the page at `address` as the loader left it (segment flags, read-only after
// relocation); -1: not in a segment.
int nck_image_protection(const struct nck_image *image, uintptr_t address);

#endif
