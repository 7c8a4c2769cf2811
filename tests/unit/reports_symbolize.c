// reports_symbolize.c ADDON STRIPPED: frames of libraries to functions and lines; names of C++ and
// Rust.
#include <dlfcn.h>
#include <unistd.h>

#include "../fake/record_writer.h"
#include "check.h"
#include "demangle.h"
#include "reports_symbols_addon.h"
#include "symbolize.h"

struct bench {
  struct nck_record_writer writer;
  struct nck_record record;
  struct nck_arena arena;
  struct nck_report_module modules[3];
  struct nck_symbolizer *symbolizer;
  uint32_t module;
};

static char path[64];

// A record of one module, opened.
static void set_up(struct bench *bench, const char *library, bool other_build) {
  memset(bench, 0, sizeof *bench);
  nck_record_writer_new(&bench->writer);
  bench->module = nck_record_writer_module(&bench->writer, library, NCK_MODULE_ADDON);
  struct nck_module *row =
      (struct nck_module *)bench->writer.tables[NCK_TABLE_MODULE].rows + bench->module;
  CHECK(!strstr(library, ".so") || row->build_id_bytes == 20);
  row->build_id[0] ^= other_build;
  bench->modules[bench->module] =
      (struct nck_report_module){.file = "addon.node", .path = library, .flags = NCK_MODULE_ADDON};
}

static struct nck_report_stack stack_of(struct bench *bench, uint64_t offset) {
  uint64_t frame = NCK_FRAME_MAKE(bench->module, offset);
  uint32_t stack = nck_record_writer_stack(&bench->writer, &frame, 1);
  nck_record_writer_write(&bench->writer, path);
  struct nck_error error = {""};
  CHECK(nck_record_open(&bench->record, path, &error));
  bench->symbolizer = nck_symbolizer_new(&bench->record, bench->modules, 3, &bench->arena);
  return nck_symbolizer_stack(bench->symbolizer, stack, NCK_ROLE_CREATED, 0);
}

static void tear_down(struct bench *bench) {
  nck_symbolizer_drop(bench->symbolizer);
  nck_record_drop(&bench->record);
  nck_record_writer_drop(&bench->writer);
  nck_arena_drop(&bench->arena);
}

// Offset in the module of the address that its function returns.
static uint64_t offset_in(const char *library, uint64_t *variable) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  CHECK(handle != NULL);
  if (!handle) {
    fprintf(stderr, "  %s\n", dlerror());
    exit(1);
  }
  void *(*outer)(void);
  *(void **)&outer = dlsym(handle, "reports_symbols_outer");
  char *address = outer();
  Dl_info info;
  CHECK(dladdr(address, &info) != 0);
  char *base = info.dli_fbase;
  *variable = (uint64_t)((char *)dlsym(handle, "reports_symbols_variable") - base);
  dlclose(handle);
  return (uint64_t)(address - base);
}

static void test_debug_information(const char *library) {
  struct bench bench;
  uint64_t variable, offset = offset_in(library, &variable);
  set_up(&bench, library, false);
  struct nck_report_stack stack = stack_of(&bench, offset);
  CHECK_UINT(stack.n_frames, 2);
  if (stack.n_frames == 2) {
    CHECK(!strcmp(stack.frames[0].function, "inner"));
    CHECK(stack.frames[0].inlined);
    CHECK_UINT(stack.frames[0].line, REPORTS_SYMBOLS_INNER_LINE);
    CHECK(!strcmp(stack.frames[0].file, "reports_symbols_addon.c"));
    CHECK(!strcmp(stack.frames[1].function, "reports_symbols_outer"));
    CHECK(!stack.frames[1].inlined);
    CHECK_UINT(stack.frames[1].line, REPORTS_SYMBOLS_OUTER_LINE);
    CHECK(stack.frames[1].addon);
    CHECK_UINT(stack.frames[1].offset, offset);
    CHECK(nck_report_stack_site(&stack) == &stack.frames[0]);
  }
  CHECK(!strcmp(nck_symbolizer_variable(bench.symbolizer, bench.module, variable),
                "reports_symbols_variable"));
  CHECK(!strcmp(nck_symbolizer_variable(bench.symbolizer, bench.module, variable + 8),
                "reports_symbols_variable+0x8"));
  CHECK(!strcmp(nck_symbolizer_note(bench.symbolizer, bench.module), ""));
  tear_down(&bench);
}

static void test_symbol_table(const char *library) {
  struct bench bench;
  uint64_t variable, offset = offset_in(library, &variable);
  set_up(&bench, library, false);
  struct nck_report_stack stack = stack_of(&bench, offset);
  CHECK_UINT(stack.n_frames, 1);
  CHECK(!strcmp(stack.frames[0].function, "reports_symbols_outer"));
  CHECK_UINT(stack.frames[0].line, 0);
  CHECK(stack.frames[0].function_offset > 0 && stack.frames[0].function_offset < 64);
  tear_down(&bench);
}

static void test_no_names(const char *library, bool other_build, const char *note) {
  struct bench bench;
  set_up(&bench, library, other_build);
  struct nck_report_stack stack = stack_of(&bench, 0x1234);
  CHECK_UINT(stack.n_frames, 1);
  CHECK(!strcmp(stack.frames[0].function, ""));
  CHECK_UINT(stack.frames[0].offset, 0x1234);
  CHECK(strstr(nck_symbolizer_note(bench.symbolizer, bench.module), note) != NULL);
  CHECK(!strcmp(nck_report_frame_text(&bench.arena, &stack.frames[0]), "addon.node+0x1234"));
  tear_down(&bench);
}

static void test_names(void) {
  struct nck_arena arena = {0};
  static const char *const names[][3] = {
      // symbol, name, short name
      {"make_ref", "make_ref", "make_ref"},
      {"make_ref.constprop.0", "make_ref", "make_ref"},
      {"make_ref.isra.0.cold", "make_ref", "make_ref"},
      {"_ZN5Cache3putEiPKc", "Cache::put(int, char const*)", "Cache::put"},
      {"_ZNK5Cache3getEv", "Cache::get() const", "Cache::get"},
      {"_ZN5CacheclEi", "Cache::operator()(int)", "Cache::operator()"},
      {"_ZN12_GLOBAL__N_14keepEi", "(anonymous namespace)::keep(int)",
       "(anonymous namespace)::keep"},
      {"_ZN5Cache3putEi.part.0", "Cache::put(int)", "Cache::put"},
      {"_ZN13leaking_cache5cache4keep17h0123456789abcdefE", "leaking_cache::cache::keep",
       "leaking_cache::cache::keep"},
      {"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar", "mycrate::foo::bar"},
      {"_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()(int) const",
       "main::{lambda(int)#1}::operator()"},
      {"_Z", "_Z", "_Z"},
      {"\001\033[31mred", "??[31mred", "??[31mred"},
      {"", "", ""},
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *name = nck_demangle(&arena, names[i][0]);
    const char *brief = nck_demangle_short(&arena, name);
    CHECK(!strcmp(name, names[i][1]));
    CHECK(!strcmp(brief, names[i][2]));
    if (strcmp(name, names[i][1]) || strcmp(brief, names[i][2]))
      fprintf(stderr, "  %s -> %s -> %s\n", names[i][0], name, brief);
  }
  CHECK(nck_demangle_is_binding("Napi::Reference<Napi::Object>::New(int)", ""));
  CHECK(nck_demangle_is_binding("<napi::Ref as core::ops::Drop>::drop", ""));
  CHECK(nck_demangle_is_binding("anything", "napi-inl.h"));
  CHECK(!nck_demangle_is_binding("Cache::put(Napi::CallbackInfo const&)", "cache.cc"));
  CHECK(!nck_demangle_is_binding("<mine::Ref as napi::Drop>::drop", "lib.rs"));
  nck_arena_drop(&arena);
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 1;
  snprintf(path, sizeof path, "/tmp/reports_symbolize-%d.napicheck", (int)getpid());
  test_debug_information(argv[1]);
  test_symbol_table(argv[2]);
  test_no_names(argv[1], true, "changed");
  test_no_names("/nowhere/addon.node", false, "not there");
  test_no_names("/dev/zero", false, "not there");
  test_names();
  // No server was asked for: what would talk to one is not even loaded.
  CHECK(dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_NOLOAD) == NULL);
  unlink(path);
  return CHECK_DONE();
}
