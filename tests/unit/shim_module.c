// shim_module.c: addresses to modules; modules that come, go and come again.
#define _GNU_SOURCE
#include "module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "image.h"
#include "options.h"
#include "shim_fake_recorder.h"

static const char *plain_path, *v8_path;

static struct nck_module *row_of(const char *name) {
  for (uint64_t i = 1; i < nck_recorder.header->n_rows[NCK_TABLE_MODULE]; i++) {
    const char *path = fake_recorder_text(nck_recorder.modules[i].path);
    const char *slash = strrchr(path, '/');
    if (strcmp(slash != NULL ? slash + 1 : path, name) == 0)
      return &nck_recorder.modules[i];
  }
  return NULL;
}

static const char *base(const char *path) { return strrchr(path, '/') + 1; }

static void check_start(void) {
  nck_module_refresh(); // the record is closed
  CHECK_UINT(nck_module_epoch(), 0);
  CHECK_UINT(nck_module_find((uintptr_t)&check_start), 0);

  fake_recorder_open();
  errno = 4711;
  nck_module_refresh();
  CHECK_UINT(errno, 4711);
  CHECK_UINT(nck_module_epoch(), 1);
  nck_module_refresh(); // nothing changed
  CHECK_UINT(nck_module_epoch(), 1);

  char exe[PATH_MAX] = "";
  CHECK(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
  uint32_t self = nck_module_find((uintptr_t)&check_start);
  CHECK(self != 0);
  CHECK(strcmp(fake_recorder_text(nck_recorder.modules[self].path), exe) == 0);
  CHECK(nck_recorder.modules[self].flags & NCK_MODULE_OURS); // the shim is linked in here
  CHECK_UINT(nck_module_find((uintptr_t)&nck_recorder), self);
  uint32_t libc = nck_module_find((uintptr_t)&printf);
  CHECK(libc != 0 && libc != self);
  CHECK(nck_recorder.modules[libc].flags == NCK_MODULE_SYSTEM);
  uintptr_t low, high;
  nck_module_ours(&low, &high);
  CHECK(low <= (uintptr_t)&check_start && (uintptr_t)&check_start < high);
}

static void check_comes_and_goes(void) {
  uint64_t offset = 0;
  void *handle = dlopen(plain_path, RTLD_NOW | RTLD_LOCAL);
  CHECK(handle != NULL);
  uintptr_t code = (uintptr_t)dlsym(handle, "plain_code");
  int *(*addresses)(int) = (int *(*)(int))dlsym(handle, "plain_addresses");

  // Nobody has said that it came: the look-up of an unknown address asks the loader.
  uint32_t epoch = nck_module_epoch();
  uint32_t row = nck_module_find(code);
  CHECK(row != 0);
  CHECK_UINT(nck_module_epoch(), epoch + 1);
  struct nck_module *module = &nck_recorder.modules[row];
  char path[PATH_MAX];
  CHECK(realpath(plain_path, path) != NULL && strcmp(fake_recorder_text(module->path), path) == 0);
  CHECK_UINT(module->flags, 0);
  CHECK_UINT(module->n_loads, 1);
  CHECK(module->low <= code && code < module->high);
  CHECK_UINT(module->build_id_bytes, 20);
  CHECK_UINT(nck_module_frame(code, true),
             NCK_FRAME_MAKE(row, code - module->bias) | NCK_FRAME_EXACT);
  CHECK_UINT(nck_module_frame(code + 1, false), NCK_FRAME_MAKE(row, code + 1 - module->bias));
  CHECK_UINT(nck_module_find_data((uintptr_t)addresses(0), &offset), row);
  CHECK_UINT(offset, (uintptr_t)addresses(0) - module->bias);
  CHECK_UINT(nck_module_find_data((uintptr_t)addresses(1), &offset), row);
  CHECK_UINT(nck_module_find_data(code, &offset), 0);

  nck_module_mark_addon(row);
  CHECK_UINT(module->flags, NCK_MODULE_ADDON);

  uint64_t n_rows = nck_recorder.header->n_rows[NCK_TABLE_MODULE];
  size_t own_bytes = fake_recorder_own_bytes();
  for (int i = 0; i < 200; i++) {
    dlclose(handle);
    nck_module_refresh();
    CHECK_UINT(nck_module_find(code), 0);
    CHECK_UINT(module->flags, NCK_MODULE_ADDON | NCK_MODULE_UNLOADED);
    handle = dlopen(plain_path, RTLD_NOW | RTLD_LOCAL);
    nck_module_refresh();
    code = (uintptr_t)dlsym(handle, "plain_code");
    CHECK_UINT(nck_module_find(code), row);
    CHECK_UINT(module->flags, NCK_MODULE_ADDON);
  }
  CHECK_UINT(module->n_loads, 201);
  CHECK_UINT(nck_recorder.header->n_rows[NCK_TABLE_MODULE], n_rows);
  CHECK(fake_recorder_own_bytes() < own_bytes + 400000); // old tables are given back
  dlclose(handle);
  nck_module_refresh();
}

static void check_flags(void) {
  void *v8 = dlopen(v8_path, RTLD_NOW | RTLD_LOCAL);
  CHECK(v8 != NULL);
  nck_module_refresh();
  struct nck_module *module = row_of(base(v8_path));
  CHECK(module != NULL && module->flags == NCK_MODULE_V8);
  dlclose(v8);

  nck_options.modules = "other*";
  void *plain = dlopen(plain_path, RTLD_NOW | RTLD_LOCAL);
  nck_module_refresh();
  module = row_of(base(plain_path));
  CHECK(module != NULL && module->flags == (NCK_MODULE_UNWATCHED | NCK_MODULE_ADDON));
  dlclose(plain);
  nck_options.modules = "";
  nck_module_refresh();
}

// Code that no file stands behind is looked up once in the loader, then never again.
static void check_unknown(void) {
  char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint32_t epoch = nck_module_epoch();
  CHECK_UINT(nck_module_find((uintptr_t)page), 0);
  CHECK_UINT(nck_module_frame((uintptr_t)page + 8, false), 0);
  CHECK_UINT(nck_module_find(0), 0);
  CHECK_UINT(nck_module_find(UINTPTR_MAX), 0);
  CHECK_UINT(nck_module_epoch(), epoch);
  munmap(page, 4096);
}

static void check_full(void) {
  fake_recorder_fill(true);
  void *handle = dlopen(plain_path, RTLD_NOW | RTLD_LOCAL);
  uintptr_t code = (uintptr_t)dlsym(handle, "plain_code");
  nck_module_refresh();
  CHECK_UINT(nck_module_find(code), 0);
  CHECK(nck_module_find((uintptr_t)&check_full) != 0); // what was known stays known
  dlclose(handle);
  fake_recorder_fill(false);
  nck_module_refresh();
}

static volatile bool is_over;

static void *find_all_the_time(void *arg) {
  unsigned long long n_wrong = 0;
  uint32_t self = nck_module_find((uintptr_t)&check_start);
  (void)arg;
  while (!is_over) {
    n_wrong += nck_module_find((uintptr_t)&check_start) != self;
    n_wrong += nck_module_find((uintptr_t)&printf) == 0;
  }
  return (void *)(uintptr_t)n_wrong;
}

static void check_threads(void) {
  pthread_t threads[3];
  for (int i = 0; i < 3; i++)
    CHECK(pthread_create(&threads[i], NULL, find_all_the_time, NULL) == 0);
  for (int i = 0; i < 300; i++) {
    void *handle = dlopen(plain_path, RTLD_NOW | RTLD_LOCAL);
    nck_module_refresh();
    CHECK(nck_module_find((uintptr_t)dlsym(handle, "plain_code")) != 0);
    dlclose(handle);
    nck_module_refresh();
  }
  is_over = true;
  for (int i = 0; i < 3; i++) {
    void *n_wrong;
    pthread_join(threads[i], &n_wrong);
    CHECK(n_wrong == NULL);
  }
}

// All that image.c says about libc, against what dlsym says.
static void check_image(void) {
  struct nck_image image;
  CHECK(nck_image_of(&image, (void *)(uintptr_t)&printf));
  const ElfW(Sym) *symbol = nck_image_find(&image, "printf");
  CHECK(symbol != NULL && image.bias + symbol->st_value == (uintptr_t)dlsym(RTLD_NEXT, "printf"));
  CHECK(nck_image_find(&image, "printf_that_is_not_there") == NULL);
  image.gnu_hash = NULL;
  symbol = nck_image_find(&image, "printf");
  CHECK(image.sysv_hash == NULL ? symbol == NULL : symbol != NULL);
  CHECK_UINT(nck_image_protection(&image, (uintptr_t)dlsym(RTLD_NEXT, "printf")),
             PROT_READ | PROT_EXEC);
  CHECK(nck_image_protection(&image, 4096) == -1);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: shim_module PLAIN_LIBRARY V8_LIBRARY\n");
    return 2;
  }
  plain_path = argv[1];
  v8_path = argv[2];
  check_start();
  check_comes_and_goes();
  check_flags();
  check_unknown();
  check_full();
  check_threads();
  check_image();
  return CHECK_DONE();
}
