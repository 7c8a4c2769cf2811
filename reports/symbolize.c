// symbolize.c: frames of a record to functions, files and lines, inlined calls included.
//
// libdw's own address look-ups need .debug_aranges, which clang and rustc do not write, and its
// symbol look-up walks the whole table each time; so ranges of compilation units and symbols are
// sorted here once for each file.
#include "symbolize.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "demangle.h"
#include "file.h"

struct unit_range {
  Dwarf_Addr low, high;
  size_t unit;
};

struct symbol {
  uint64_t low, high; // offsets in the module
  const char *name;   // libdw's
  bool function, local;
};

// An opened module. Opened at the first frame that needs it.
struct symbol_file {
  bool tried;
  char note[96]; // why it cannot be used; "" usable
  Dwfl *dwfl;
  Dwfl_Module *module;
  Dwarf_Addr bias; // of libdwfl's addresses over offsets in the module
  Dwarf *dwarf;    // NULL: no debug information
  Dwarf_Addr dwarf_bias;
  struct unit {
    Dwarf_Die lines; // the unit that has the line table
    Dwarf_Die die;   // the one that has functions; another for split debug information
  } * units;
  size_t n_units, units_capacity;
  struct unit_range *ranges;
  size_t n_ranges, ranges_capacity;
  struct symbol *symbols;
  size_t n_symbols, symbols_capacity;
};

struct expansion {
  struct nck_report_frame *frames;
  uint32_t n_frames;
};

struct nck_symbolizer {
  const struct nck_record *record;
  struct nck_report_module *modules;
  uint32_t n_modules;
  struct nck_arena *arena;
  struct symbol_file *files; // one for each module
  struct nck_map expansions; // frame word -> struct expansion
  struct nck_map stacks;     // stack index -> struct nck_report_stack
  struct nck_map js_stacks;  // string index -> struct nck_report_stack, js only
};

struct nck_symbolizer *nck_symbolizer_new(const struct nck_record *record,
                                          struct nck_report_module *modules, uint32_t n_modules,
                                          struct nck_arena *arena) {
  // Symbols come from this machine's files: a report must not start a download.
  unsetenv("DEBUGINFOD_URLS");
  elf_version(EV_CURRENT);
  struct nck_symbolizer *symbolizer = nck_memory_take(1, sizeof *symbolizer);
  symbolizer->record = record;
  symbolizer->modules = modules;
  symbolizer->n_modules = n_modules;
  symbolizer->arena = arena;
  symbolizer->files = nck_memory_take(n_modules, sizeof *symbolizer->files);
  return symbolizer;
}

void nck_symbolizer_drop(struct nck_symbolizer *symbolizer) {
  if (!symbolizer)
    return;
  for (uint32_t i = 0; i < symbolizer->n_modules; i++) {
    struct symbol_file *file = &symbolizer->files[i];
    free(file->units);
    free(file->ranges);
    free(file->symbols);
    if (file->dwfl)
      dwfl_end(file->dwfl);
  }
  free(symbolizer->files);
  nck_map_drop(&symbolizer->expansions);
  nck_map_drop(&symbolizer->stacks);
  nck_map_drop(&symbolizer->js_stacks);
  free(symbolizer);
}

static int compare_ranges(const void *left, const void *right) {
  const struct unit_range *a = left, *b = right;
  return a->low < b->low ? -1 : a->low > b->low;
}

static void find_units(struct symbol_file *file) {
  Dwarf_CU *cu = NULL;
  Dwarf_Half version;
  uint8_t type;
  struct unit unit;
  while (dwarf_get_units(file->dwarf, cu, &cu, &version, &type, &unit.lines, &unit.die) == 0) {
    if (type != DW_UT_compile && type != DW_UT_skeleton)
      continue;
    Dwarf_Addr base, low, high;
    ptrdiff_t next = 0;
    size_t first = file->n_ranges;
    while ((next = dwarf_ranges(&unit.lines, next, &base, &low, &high)) > 0) {
      file->ranges = nck_memory_grow(file->ranges, &file->ranges_capacity, file->n_ranges + 1,
                                     sizeof *file->ranges);
      file->ranges[file->n_ranges++] = (struct unit_range){low, high, file->n_units};
    }
    if (file->n_ranges == first)
      continue;
    if (type != DW_UT_skeleton || !unit.die.addr)
      unit.die = unit.lines;
    file->units =
        nck_memory_grow(file->units, &file->units_capacity, file->n_units + 1, sizeof *file->units);
    file->units[file->n_units++] = unit;
  }
  if (file->n_ranges)
    qsort(file->ranges, file->n_ranges, sizeof *file->ranges, compare_ranges);
}

static int compare_symbols(const void *left, const void *right) {
  const struct symbol *a = left, *b = right;
  if (a->low != b->low)
    return a->low < b->low ? -1 : 1;
  if (a->high != b->high)
    return a->high < b->high ? -1 : 1;
  // Of several names for one place the last is found first: a global one, then a shorter one.
  if (a->local != b->local)
    return a->local ? -1 : 1;
  size_t n_a = strlen(a->name), n_b = strlen(b->name);
  return n_a != n_b ? (n_a > n_b ? -1 : 1) : -strcmp(a->name, b->name);
}

static void find_symbols(struct symbol_file *file) {
  int n = dwfl_module_getsymtab(file->module);
  for (int i = 1; i < n; i++) {
    GElf_Sym symbol;
    GElf_Addr address;
    GElf_Word section;
    const char *name =
        dwfl_module_getsym_info(file->module, i, &symbol, &address, &section, NULL, NULL);
    int type = GELF_ST_TYPE(symbol.st_info);
    bool function = type == STT_FUNC || type == STT_GNU_IFUNC;
    // A symbol without a size says nothing about what follows it: better no name than a wrong one.
    if (!name || !*name || section == SHN_UNDEF || !symbol.st_size ||
        (!function && type != STT_OBJECT))
      continue;
    file->symbols = nck_memory_grow(file->symbols, &file->symbols_capacity, file->n_symbols + 1,
                                    sizeof *file->symbols);
    uint64_t low = address - file->bias;
    file->symbols[file->n_symbols++] = (struct symbol){low, low + symbol.st_size, name, function,
                                                       GELF_ST_BIND(symbol.st_info) == STB_LOCAL};
  }
  if (file->n_symbols)
    qsort(file->symbols, file->n_symbols, sizeof *file->symbols, compare_symbols);
}

static const struct symbol *find_symbol(const struct symbol_file *file, uint64_t offset,
                                        bool function) {
  size_t low = 0, high = file->n_symbols;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (file->symbols[middle].low <= offset)
      low = middle + 1;
    else
      high = middle;
  }
  // A symbol may lie within another; one that contains the offset is near.
  for (size_t back = 0; back < 16 && low > back; back++) {
    const struct symbol *symbol = &file->symbols[low - 1 - back];
    if (symbol->function == function && offset < symbol->high)
      return symbol;
  }
  return NULL;
}

// What /proc makes up as it is read has no size.
static int open_module(const char *path) {
  if (*path != '/')
    return -1;
  struct stat status;
  int fd = nck_file_open(path, &status);
  if (fd >= 0 && !status.st_size) {
    close(fd);
    fd = -1;
  }
  return fd;
}

static bool is_recorded_file(Elf *elf, const struct nck_module *row) {
  const void *build_id = NULL;
  ssize_t n = dwelf_elf_gnu_build_id(elf, &build_id);
  size_t recorded = row->build_id_bytes;
  if (recorded > sizeof row->build_id)
    recorded = sizeof row->build_id;
  if (n <= 0 || !recorded)
    return (n <= 0) == !recorded;
  size_t shared = (size_t)n < sizeof row->build_id ? (size_t)n : sizeof row->build_id;
  return shared == recorded && !memcmp(build_id, row->build_id, recorded);
}

static bool servers_asked;

void nck_symbolize_ask_servers(void) { servers_asked = true; }

// Where libdwfl looks for debug information, but not on debuginfod's servers unless that was asked
// for. Even where no server is set, looking for one loads libcurl and 30 libraries more.
static int find_debuginfo(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
                          const char *path, const char *link, GElf_Word crc, char **found) {
  const char *urls = getenv("DEBUGINFOD_URLS");
  bool asked = servers_asked && urls != NULL && *urls != '\0';
  if (!asked) {
    int fd = dwfl_build_id_find_debuginfo(module, user, name, base, path, link, crc, found);
    char beside[PATH_MAX];
    int n = snprintf(beside, sizeof beside, "%s.debug", path != NULL ? path : "");
    if (fd >= 0 || (link == NULL && (n >= (int)sizeof beside || access(beside, R_OK) != 0)))
      return fd;
  }
  return dwfl_standard_find_debuginfo(module, user, name, base, path, link, crc, found);
}

static void open_symbol_file(struct symbol_file *file, const struct nck_module *row,
                             const char *path) {
  static const Dwfl_Callbacks callbacks = {
      .find_elf = dwfl_build_id_find_elf,
      .find_debuginfo = find_debuginfo,
      .section_address = dwfl_offline_section_address,
  };
  file->tried = true;
  int fd = open_module(path);
  if (fd < 0) {
    strcpy(file->note, "its file is not there any more");
    return;
  }
  file->dwfl = dwfl_begin(&callbacks);
  if (file->dwfl) {
    dwfl_report_begin(file->dwfl);
    file->module = dwfl_report_offline(file->dwfl, path, path, fd);
    dwfl_report_end(file->dwfl, NULL, NULL);
  }
  if (!file->module) {
    close(fd);
    strcpy(file->note, "its file is not an ELF file any more");
    return;
  }
  Elf *elf = dwfl_module_getelf(file->module, &file->bias);
  if (!elf) {
    strcpy(file->note, "its file cannot be read");
    return;
  }
  if (!is_recorded_file(elf, row)) {
    strcpy(file->note, "its file has changed since the run (another build-id)");
    return;
  }
  file->dwarf = dwfl_module_getdwarf(file->module, &file->dwarf_bias);
  if (file->dwarf)
    find_units(file);
  find_symbols(file);
}

static struct symbol_file *file_of(struct nck_symbolizer *symbolizer, uint32_t module) {
  if (!module || module >= symbolizer->n_modules)
    return NULL;
  struct symbol_file *file = &symbolizer->files[module];
  if (!file->tried) {
    const struct nck_module *row = nck_record_module(symbolizer->record, module);
    open_symbol_file(file, row, nck_record_string(symbolizer->record, row->path));
  }
  return file->note[0] ? NULL : file;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

// A name in the debug information may be relative to the folder in which the compiler ran.
static const char *source_path(struct nck_arena *arena, const char *folder, const char *path) {
  bool is_relative = *path != '/' && folder && *folder == '/';
  char *joined = is_relative ? nck_arena_print(arena, "%s/%s/", folder, path)
                             : nck_arena_print(arena, "%s/", path);
  if (*joined != '/')
    return nck_arena_clean(arena, path);
  nck_report_normalise(joined);
  return nck_arena_clean(arena, joined);
}

static void set_source(struct nck_symbolizer *symbolizer, struct nck_report_frame *frame,
                       const char *folder, const char *path, int line, int column) {
  frame->path = path ? source_path(symbolizer->arena, folder, path) : "";
  frame->file = base_name(frame->path);
  frame->line = line > 0 ? (uint32_t)line : 0;
  frame->column = column > 0 ? (uint32_t)column : 0;
}

static const struct unit *find_unit(const struct symbol_file *file, Dwarf_Addr pc) {
  size_t low = 0, high = file->n_ranges;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (file->ranges[middle].low <= pc)
      low = middle + 1;
    else
      high = middle;
  }
  return low && pc < file->ranges[low - 1].high ? &file->units[file->ranges[low - 1].unit] : NULL;
}

static bool has_namespaces(Dwarf_Die *unit) {
  int language = dwarf_srclang(unit);
  return language != DW_LANG_C && language != DW_LANG_C89 && language != DW_LANG_C99 &&
         language != DW_LANG_C11;
}

// A name with the namespaces and classes around its declaration. What is inlined everywhere and
// seen in its own file only has no linkage name and no symbol, but keeps its identity in other
// builds.
static const char *qualify(struct nck_arena *arena, Dwarf_Die *die, const char *name) {
  Dwarf_Die declared = *die;
  static const unsigned origins[] = {DW_AT_abstract_origin, DW_AT_specification};
  for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
    Dwarf_Attribute attribute;
    Dwarf_Die next;
    if (dwarf_formref_die(dwarf_attr(&declared, origins[i], &attribute), &next))
      declared = next;
  }
  Dwarf_Die *scopes = NULL;
  int n_scopes = dwarf_getscopes_die(&declared, &scopes);
  for (int i = 1; i < n_scopes; i++) {
    int tag = dwarf_tag(&scopes[i]);
    const char *outer = dwarf_diename(&scopes[i]);
    if (tag == DW_TAG_namespace && !outer)
      outer = "(anonymous namespace)";
    if (outer && (tag == DW_TAG_namespace || tag == DW_TAG_structure_type ||
                  tag == DW_TAG_class_type || tag == DW_TAG_union_type))
      name = nck_arena_print(arena, "%s::%s", outer, name);
  }
  free(scopes);
  return nck_arena_clean(arena, name);
}

// The name of a function's DIE; NULL where the symbol table knows better (a C++ function without a
// linkage name).
static const char *die_name(struct nck_arena *arena, Dwarf_Die *unit, Dwarf_Die *die) {
  static const unsigned names[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    Dwarf_Attribute attribute;
    const char *linkage = dwarf_formstring(dwarf_attr_integrate(die, names[i], &attribute));
    if (linkage)
      return nck_demangle(arena, linkage);
  }
  const char *name = dwarf_diename(die);
  if (name && dwarf_tag(die) == DW_TAG_inlined_subroutine && has_namespaces(unit))
    return qualify(arena, die, name);
  return name ? nck_arena_clean(arena, name) : NULL;
}

static int attribute_number(Dwarf_Die *die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value;
  return dwarf_formudata(dwarf_attr(die, name, &attribute), &value) == 0 && value < INT32_MAX
             ? (int)value
             : 0;
}

#define MAX_SCOPES 128

// The function and the inlined calls that stand around pc, outermost first, below `parent`.
// (dwarf_getscopes finds none where the definition of an inlined function stands in a namespace of
// its own, as all of Rust's do.)
static uint32_t find_scopes(Dwarf_Die *parent, Dwarf_Addr pc, Dwarf_Die *scopes, uint32_t n,
                            unsigned depth) {
  Dwarf_Die child;
  if (depth == MAX_SCOPES || dwarf_child(parent, &child) != 0)
    return n;
  do {
    bool is_call = false;
    switch (dwarf_tag(&child)) {
    case DW_TAG_subprogram:
    case DW_TAG_inlined_subroutine:
      is_call = true;
      if (dwarf_haspc(&child, pc) != 1)
        continue;
      break;
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
    case DW_TAG_with_stmt:
      if (dwarf_haspc(&child, pc) != 1)
        continue;
      break;
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
      break;
    default:
      continue;
    }
    if (is_call && n < MAX_SCOPES)
      scopes[n++] = child;
    uint32_t n_found = find_scopes(&child, pc, scopes, n, depth + 1);
    if (is_call || n_found > n)
      return n_found;
  } while (dwarf_siblingof(&child, &child) == 0);
  return n;
}

// Adds one frame for each inlined call at pc and one for the function itself; 0 when the debug
// information does not know it.
static uint32_t add_dwarf_frames(struct nck_symbolizer *symbolizer, const struct symbol_file *file,
                                 uint64_t offset, struct nck_report_frame *frames, uint32_t max) {
  Dwarf_Addr pc = offset + file->bias - file->dwarf_bias;
  const struct unit *found = find_unit(file, pc);
  if (!found)
    return 0;
  struct unit unit = *found;
  uint32_t n_frames = 0;
  const char *path = NULL;
  int line = 0, column = 0;
  Dwarf_Attribute attribute;
  const char *folder = dwarf_formstring(dwarf_attr(&unit.die, DW_AT_comp_dir, &attribute));
  Dwarf_Line *row = dwarf_getsrc_die(&unit.lines, pc);
  if (row) {
    path = dwarf_linesrc(row, NULL, NULL);
    dwarf_lineno(row, &line);
    dwarf_linecol(row, &column);
  }
  Dwarf_Die scopes[MAX_SCOPES];
  for (uint32_t i = find_scopes(&unit.die, pc, scopes, 0, 0); i > 0 && n_frames < max; i--) {
    Dwarf_Die *scope = &scopes[i - 1];
    struct nck_report_frame *frame = &frames[n_frames++];
    const char *name = die_name(symbolizer->arena, &unit.die, scope);
    frame->function = name ? name : "";
    set_source(symbolizer, frame, folder, path, line, column);
    if (dwarf_tag(scope) == DW_TAG_subprogram)
      break;
    frame->inlined = true;
    Dwarf_Files *files;
    size_t n_files;
    size_t call_file = (size_t)attribute_number(scope, DW_AT_call_file);
    line = attribute_number(scope, DW_AT_call_line);
    column = attribute_number(scope, DW_AT_call_column);
    path = dwarf_getsrcfiles(&unit.die, &files, &n_files) == 0 && call_file < n_files
               ? dwarf_filesrc(files, call_file, NULL, NULL)
               : NULL;
  }
  if (!n_frames && line) {
    set_source(symbolizer, &frames[0], folder, path, line, column);
    frames[0].function = "";
    n_frames = 1;
  }
  return n_frames;
}

// True when a name of the debug information is not qualified, as of C++ functions without a linkage
// name.
static bool is_plain(const char *name) { return !strstr(name, "::"); }

static void finish_frame(const struct nck_symbolizer *symbolizer, struct nck_report_frame *frame,
                         uint32_t module, uint64_t word) {
  frame->offset = NCK_FRAME_OFFSET(word);
  if (!frame->function)
    frame->function = "";
  if (!frame->file)
    frame->file = frame->path = "";
  if (module && module < symbolizer->n_modules) {
    frame->module = &symbolizer->modules[module];
    symbolizer->modules[module].used = true;
    frame->addon = (frame->module->flags & NCK_MODULE_ADDON) != 0;
  }
  frame->binding = nck_demangle_is_binding(frame->function, frame->file);
}

static struct expansion *expand(struct nck_symbolizer *symbolizer, uint64_t word) {
  struct expansion *expansion = nck_map_find(&symbolizer->expansions, word);
  if (expansion)
    return expansion;
  uint32_t module = NCK_FRAME_MODULE(word);
  // A return address belongs to the instruction before it.
  uint64_t offset = NCK_FRAME_OFFSET(word);
  if (!(word & NCK_FRAME_EXACT) && offset)
    offset--;
  struct nck_report_frame frames[64] = {0};
  uint32_t n_frames = 0;
  const struct symbol_file *file = file_of(symbolizer, module);
  if (file) {
    if (file->dwarf)
      n_frames = add_dwarf_frames(symbolizer, file, offset, frames, 64);
    const struct symbol *symbol = find_symbol(file, offset, true);
    if (!n_frames)
      n_frames = 1;
    struct nck_report_frame *outermost = &frames[n_frames - 1];
    bool named = outermost->function && *outermost->function;
    if (symbol && (!named || is_plain(outermost->function))) {
      const char *name = nck_demangle(symbolizer->arena, symbol->name);
      if (!named || !is_plain(name))
        outermost->function = name;
    }
    if (symbol)
      outermost->function_offset = NCK_FRAME_OFFSET(word) - symbol->low;
  } else {
    n_frames = 1;
  }
  for (uint32_t i = 0; i < n_frames; i++)
    finish_frame(symbolizer, &frames[i], module, word);
  expansion = nck_arena_take(symbolizer->arena, sizeof *expansion);
  expansion->frames = nck_arena_copy(symbolizer->arena, frames, n_frames, sizeof *frames);
  expansion->n_frames = n_frames;
  *nck_map_place(&symbolizer->expansions, word) = expansion;
  return expansion;
}

static bool is_left_out(const struct nck_symbolizer *symbolizer, uint64_t word) {
  uint32_t module = NCK_FRAME_MODULE(word);
  if (!module || module >= symbolizer->n_modules)
    return true;
  return (symbolizer->modules[module].flags & (NCK_MODULE_RUNTIME | NCK_MODULE_OURS)) != 0;
}

static bool is_system(const struct nck_symbolizer *symbolizer, uint64_t word) {
  return (symbolizer->modules[NCK_FRAME_MODULE(word)].flags &
          (NCK_MODULE_SYSTEM | NCK_MODULE_ADDON)) == NCK_MODULE_SYSTEM;
}

static const struct nck_report_stack *native_stack(struct nck_symbolizer *symbolizer,
                                                   uint32_t index) {
  struct nck_report_stack *stack = nck_map_find(&symbolizer->stacks, index);
  if (stack)
    return stack;
  const uint64_t *recorded;
  uint32_t n_recorded = nck_record_stack(symbolizer->record, index, &recorded);
  uint64_t words[NCK_RECORD_MAX_FRAMES];
  uint32_t n_words = 0;
  for (uint32_t i = 0; i < n_recorded; i++) {
    if (!is_left_out(symbolizer, recorded[i]))
      words[n_words++] = recorded[i];
  }
  // What libc and libstdc++ do outside the addon's outermost function (start_thread, ...) explains
  // nothing.
  uint32_t inner = n_words;
  while (inner && is_system(symbolizer, words[inner - 1]))
    inner--;
  if (inner)
    n_words = inner;
  uint32_t n_frames = 0;
  for (uint32_t i = 0; i < n_words; i++)
    n_frames += expand(symbolizer, words[i])->n_frames;
  struct nck_report_frame *frames =
      n_frames ? nck_arena_take(symbolizer->arena, n_frames * sizeof *frames) : NULL;
  uint32_t at = 0;
  for (uint32_t i = 0; i < n_words; i++) {
    const struct expansion *expansion = expand(symbolizer, words[i]);
    memcpy(frames + at, expansion->frames, expansion->n_frames * sizeof *frames);
    at += expansion->n_frames;
  }
  stack = nck_arena_take(symbolizer->arena, sizeof *stack);
  stack->frames = frames;
  stack->n_frames = n_frames;
  *nck_map_place(&symbolizer->stacks, index) = stack;
  return stack;
}

// One field of a recorded JavaScript frame; *at moves behind it.
static const char *take_field(struct nck_arena *arena, const char **at, const char *end) {
  const char *start = *at;
  const char *tab = memchr(start, '\t', (size_t)(end - start));
  *at = tab ? tab + 1 : end;
  return nck_arena_clean_n(arena, start, (size_t)((tab ? tab : end) - start));
}

static const struct nck_report_stack *js_stack(struct nck_symbolizer *symbolizer, uint32_t index) {
  struct nck_report_stack *stack = nck_map_find(&symbolizer->js_stacks, index);
  if (stack)
    return stack;
  const char *text = nck_record_string(symbolizer->record, index);
  struct nck_report_js_frame frames[64];
  uint32_t n_frames = 0;
  while (*text && n_frames < 64) {
    const char *end = strchrnul(text, '\n'), *at = text;
    struct nck_report_js_frame frame = {0};
    frame.function = take_field(symbolizer->arena, &at, end);
    frame.path = take_field(symbolizer->arena, &at, end);
    if (!strncmp(frame.path, "file://", 7))
      frame.path += 7;
    frame.file = base_name(frame.path);
    frame.line = (uint32_t)strtoul(take_field(symbolizer->arena, &at, end), NULL, 10);
    frame.column = (uint32_t)strtoul(take_field(symbolizer->arena, &at, end), NULL, 10);
    // The runtime's own JavaScript is no more the user's business than its C++.
    if (strncmp(frame.path, "node:", 5) != 0 && (*frame.path || *frame.function))
      frames[n_frames++] = frame;
    text = *end ? end + 1 : end;
  }
  stack = nck_arena_take(symbolizer->arena, sizeof *stack);
  stack->js = nck_arena_copy(symbolizer->arena, frames, n_frames, sizeof *frames);
  stack->n_js = n_frames;
  *nck_map_place(&symbolizer->js_stacks, index) = stack;
  return stack;
}

struct nck_report_stack nck_symbolizer_stack(struct nck_symbolizer *symbolizer, uint32_t stack,
                                             enum nck_role role, uint32_t js) {
  struct nck_report_stack result = {.role = nck_role_word(role)};
  if (stack) {
    const struct nck_report_stack *native = native_stack(symbolizer, stack);
    result.frames = native->frames;
    result.n_frames = native->n_frames;
  }
  if (js) {
    const struct nck_report_stack *script = js_stack(symbolizer, js);
    result.js = script->js;
    result.n_js = script->n_js;
  }
  return result;
}

const char *nck_symbolizer_function(struct nck_symbolizer *symbolizer, uint64_t frame) {
  if (!NCK_FRAME_MODULE(frame))
    return "";
  const struct expansion *expansion = expand(symbolizer, frame);
  return expansion->frames[expansion->n_frames - 1].function;
}

const char *nck_symbolizer_variable(struct nck_symbolizer *symbolizer, uint32_t module,
                                    uint64_t offset) {
  const struct symbol_file *file = file_of(symbolizer, module);
  const struct symbol *symbol = file ? find_symbol(file, offset, false) : NULL;
  if (!symbol)
    return "";
  const char *name = nck_demangle(symbolizer->arena, symbol->name);
  if (offset == symbol->low)
    return name;
  return nck_arena_print(symbolizer->arena, "%s+0x%llx", name,
                         (unsigned long long)(offset - symbol->low));
}

const char *nck_symbolizer_note(const struct nck_symbolizer *symbolizer, uint32_t module) {
  return module && module < symbolizer->n_modules ? symbolizer->files[module].note : "";
}
