// shim_stack.c: captures against what the C library's own backtrace() sees, in frames of all
// shapes; every stack kept once.
//
// This program plays the shim (what is linked in here is "ours"), the library plays the addon.
#define _GNU_SOURCE
#include "stack.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <time.h>

#include "check.h"
#include "module.h"
#include "options.h"
#include "shim_fake_recorder.h"
#include "shim_stack_addon.h"
#include "unwind.h"

#define FRAME __attribute__((noinline))

static __thread const void *limit;   // what the trampoline noted
static __thread uint32_t last_stack; // what the probe captured
static __thread void *seen[512];     // what backtrace() saw at the same place
static __thread int n_seen;
static __thread const void *probe_pc;
static __thread uint64_t n_known; // captures that were known before

static FRAME int capture(int argument) {
  errno = 4711;
  last_stack = nck_stack_capture(__builtin_return_address(0), limit);
  CHECK_UINT(nck_stack_capture_at(__builtin_frame_address(0), limit), last_stack);
  const struct nck_known_stack *known = nck_stack_known(__builtin_frame_address(0), limit);
  if (known != NULL) {
    CHECK_UINT(known->stack, last_stack);
    n_known++;
  }
  CHECK_UINT(errno, 4711);
  return argument;
}

static FRAME int capture_and_compare(int argument) {
  uint32_t stack = nck_stack_capture_at(__builtin_frame_address(0), limit);
  last_stack = nck_stack_capture(__builtin_return_address(0), limit);
  CHECK_UINT(stack, last_stack);
  probe_pc = __builtin_return_address(0);
  n_seen = backtrace(seen, 512);
  return argument;
}

// A wrapper that captures in a function of its own, and further inside.
static FRAME uint32_t capture_inside(const void *pc, int depth) {
  volatile char memory[200];
  memory[depth] = 1;
  uint32_t stack = depth > 0 ? capture_inside(pc, depth - 1) : nck_stack_capture(pc, limit);
  return stack + (memory[depth] - 1);
}

static FRAME int capture_deeper(int argument) {
  const void *pc = __builtin_return_address(0);
  last_stack = capture_inside(pc, (int)((unsigned)argument % 4));
  CHECK_UINT(nck_stack_capture_at(__builtin_frame_address(0), limit), last_stack);
  probe_pc = pc;
  n_seen = backtrace(seen, 512);
  return argument;
}

// The wrapper's own frame is gone when its last act is the capture.
static FRAME int capture_last(int argument) {
  (void)argument;
  return (int)nck_stack_capture(__builtin_return_address(0), limit);
}

// A pc that is not on the stack any more: itself alone.
static const void *elsewhere;
static FRAME int capture_elsewhere(int argument) {
  last_stack = nck_stack_capture(elsewhere, limit);
  return argument;
}

static FRAME int enter(const struct shape *shape, probe call, int argument) {
  int here = 0;
  limit = &here;
  int result = shape->enter(call, argument);
  limit = NULL;
  return result + here;
}

static void check_against_backtrace(const char *name, int n_least) {
  uint32_t self = nck_module_find((uintptr_t)&capture);
  const uint64_t *frames = &nck_recorder.stacks[last_stack + 1];
  uint64_t n = nck_recorder.stacks[last_stack];
  int first = 0;

  CHECK(last_stack != 0);
  if ((int)n < n_least) {
    fprintf(stderr, "%s: %d frames, not %d\n", name, (int)n, n_least);
    n_failed_checks++;
  }
  while (first < n_seen && seen[first] != probe_pc)
    first++;
  CHECK(first < n_seen);
  for (uint64_t i = 0; i < n; i++) {
    uint64_t expected =
        first + (int)i < n_seen ? nck_module_frame((uintptr_t)seen[first + i], false) : 0;
    CHECK(NCK_FRAME_MODULE(frames[i]) != self);
    if (frames[i] != expected) {
      fprintf(stderr, "%s: frame %d is %llx, backtrace() says %llx\n", name, (int)i,
              (unsigned long long)frames[i], (unsigned long long)expected);
      n_failed_checks++;
    }
  }
}

static void check_shapes(const struct shape *shape) {
  for (; shape->name != NULL; shape++) {
    bool is_comparable = strcmp(shape->name, "without tables") != 0;
    bool is_thread = strcmp(shape->name, "thread") == 0;
    if (!is_thread) {
      enter(shape, capture_and_compare, 3);
      if (is_comparable)
        check_against_backtrace(shape->name, shape->n_frames);
      CHECK(last_stack != 0);
      uint32_t first = last_stack;
      uint64_t n_words = nck_recorder.header->n_rows[NCK_TABLE_STACK];
      for (int i = 0; i < 3; i++) {
        last_stack = 0;
        enter(shape, capture_and_compare, 3);
        CHECK_UINT(last_stack, first);
      }
      CHECK_UINT(nck_recorder.header->n_rows[NCK_TABLE_STACK], n_words);
      for (int i = 0; i < 12; i++) {
        enter(shape, capture_deeper, 3 + i % 2);
        if (is_comparable)
          check_against_backtrace(shape->name, shape->n_frames);
        CHECK(last_stack != 0);
      }
      enter(shape, capture_last, 3);
      elsewhere = (const char *)(void *)shape->enter + 1;
      enter(shape, capture_elsewhere, 3);
      CHECK_UINT(nck_recorder.stacks[last_stack], 1);
      CHECK_UINT(nck_recorder.stacks[last_stack + 1], nck_module_frame((uintptr_t)elsewhere, true));
    }
    for (int i = 0; i < 20; i++)
      enter(shape, capture, i);
  }
}

static uint32_t thread_stack;

static FRAME int capture_in_thread(int argument) {
  capture_and_compare(argument); // its own caller is this program: only what lies outside counts
  thread_stack = nck_stack_capture(__builtin_return_address(0), limit);
  nck_stack_thread_end();
  // After the end of the thread's cache a capture still says who called.
  CHECK(nck_stack_capture(__builtin_return_address(0), limit) != 0);
  return argument;
}

// A thread of the addon's own: no limit is known, frames of libc at the outer end are left out.
static void check_thread(const struct shape *shape) {
  while (strcmp(shape->name, "thread") != 0)
    shape++;
  size_t own_bytes = fake_recorder_own_bytes();
  for (int i = 0; i < 5; i++) {
    enter(shape, capture_in_thread, 1);
    CHECK(thread_stack != 0);
    CHECK_UINT(nck_recorder.stacks[thread_stack], 3);
  }
  CHECK_UINT(fake_recorder_own_bytes(), own_bytes);
}

struct depth_case {
  const struct shape *shape;
  uint32_t depth;
  uint64_t n_frames;
};

static void *capture_to_depth(void *arg) {
  struct depth_case *work = arg;
  nck_options.stack_depth = work->depth;
  enter(work->shape, capture, 0);
  work->n_frames = nck_recorder.stacks[last_stack];
  nck_stack_thread_end();
  return NULL;
}

// stack_depth never changes while a program runs; a thread for each begins with nothing learned.
static void check_depth(const struct shape *shape) {
  static const uint32_t depths[][2] = {{7, 7}, {1, 1}, {0, 1}, {24, 24}, {100000, 128}};
  while (strcmp(shape->name, "deep recursion") != 0)
    shape++;
  for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
    struct depth_case work = {.shape = shape, .depth = depths[i][0]};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, capture_to_depth, &work) == 0);
    pthread_join(thread, NULL);
    CHECK_UINT(work.n_frames, depths[i][1]);
  }
  nck_options.stack_depth = 24;
}

static void check_single(void *addon_code) {
  uint32_t stack = nck_stack_single(addon_code, true);
  CHECK(stack != 0);
  CHECK_UINT(nck_recorder.stacks[stack], 1);
  CHECK_UINT(nck_recorder.stacks[stack + 1], nck_module_frame((uintptr_t)addon_code, true));
  CHECK_UINT(nck_stack_single(addon_code, true), stack);
  CHECK(nck_stack_single(addon_code, false) != stack);
  CHECK_UINT(nck_stack_single(NULL, true), 0);
  int on_stack = 0;
  CHECK_UINT(nck_stack_single(&on_stack, true), 0);
}

// The same library, unmapped and mapped elsewhere: nothing that was learned of the old place may be
// used.
static void check_moved(const char *path, void **handle) {
  shapes all = (shapes)dlsym(*handle, "shim_stack_shapes");
  enter(&all()[0], capture, 0);
  uint32_t before = last_stack;
  uint64_t first_frame = nck_recorder.stacks[before + 1];
  for (int i = 0; i < 20; i++) {
    dlclose(*handle);
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (i % 2 == 0)
      nck_module_refresh(); // every other time nobody says that it came again
    all = (shapes)dlsym(*handle, "shim_stack_shapes");
    enter(&all()[0], capture, 0);
    CHECK_UINT(nck_recorder.stacks[last_stack], 3);
    CHECK_UINT(nck_recorder.stacks[last_stack + 1], first_frame);
    CHECK_UINT(last_stack, before);
  }
}

static void check_full(const struct shape *shape) {
  enter(shape, capture, 0);
  CHECK(last_stack != 0);
  fake_recorder_fill(true);
  enter(shape, capture, 0);
  CHECK(last_stack != 0); // known already
  while (strcmp(shape->name, "recursion") != 0)
    shape++;
  nck_options.stack_depth = 9;
  enter(shape, capture, 0);
  CHECK_UINT(last_stack, 0);
  nck_options.stack_depth = 24;
  fake_recorder_fill(false);
}

static const struct shape *shared_shapes;

static void *capture_all(void *arg) {
  uint32_t *stacks = arg;
  for (int round = 0; round < 2000; round++)
    for (int i = 0; i < 6; i++) {
      enter(&shared_shapes[i], capture, 3);
      if (round == 0)
        stacks[i] = last_stack;
      else if (stacks[i] != last_stack)
        stacks[i] = UINT32_MAX;
    }
  nck_stack_thread_end();
  return NULL;
}

static void check_threads(const struct shape *all) {
  pthread_t threads[4];
  uint32_t stacks[4][6];
  shared_shapes = all;
  for (int i = 0; i < 4; i++)
    CHECK(pthread_create(&threads[i], NULL, capture_all, stacks[i]) == 0);
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
  for (int i = 0; i < 4; i++)
    CHECK(memcmp(stacks[i], stacks[0], sizeof stacks[0]) == 0);
}

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static FRAME int capture_many(int argument) {
  double least = 1e9;
  for (int round = 0; round < 20; round++) {
    double start = now_ns();
    for (int i = 0; i < 100000; i++)
      last_stack = nck_stack_capture(__builtin_return_address(0), limit);
    double each = (now_ns() - start) / 100000;
    least = each < least ? each : least;
  }
  printf("  %5.1f ns a capture of %d frames\n", least, (int)nck_recorder.stacks[last_stack]);
  return argument;
}

static void measure(const struct shape *shape) {
  for (; shape->name != NULL; shape++) {
    printf("%s:\n", shape->name);
    enter(shape, capture_many, 3);
  }
}

// libunwind and our own reading of the tables: the same rule, all over the code of all that is
// loaded. Where ours does not know, libunwind may.
static unsigned n_rules, n_libunwind_alone;

static void compare_rules(uintptr_t address) {
  struct nck_location location;
  if (!nck_module_locate(address, &location))
    return;
  struct nck_unwind_rule ours = nck_unwind_rule_by_tables(address, &location);
  struct nck_unwind_rule theirs = nck_unwind_rule_by_libunwind(address, &location);
  if (ours.cfa == NCK_UNWIND_UNKNOWN) {
    n_libunwind_alone += theirs.cfa != NCK_UNWIND_UNKNOWN;
    return;
  }
  n_rules++;
  if (memcmp(&ours, &theirs, sizeof ours) == 0)
    return;
  fprintf(stderr, "%#lx (module %u + %#lx): rule %d %d %d %d, by libunwind %d %d %d %d\n", address,
          location.row, address - location.bias, ours.cfa, ours.cfa_offset, ours.fp, ours.fp_offset,
          theirs.cfa, theirs.cfa_offset, theirs.fp, theirs.fp_offset);
  n_failed_checks++;
}

struct code {
  uintptr_t low, high;
};
struct all_code {
  struct code parts[64];
  size_t n;
};

static int note_code(struct dl_phdr_info *info, size_t bytes, void *arg) {
  struct all_code *all = arg;
  (void)bytes;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type == PT_LOAD && header->p_flags & PF_X && all->n < 64) {
      uintptr_t low = info->dlpi_addr + header->p_vaddr;
      all->parts[all->n++] = (struct code){low, low + header->p_memsz};
    }
  }
  return 0;
}

static void check_libunwind(uintptr_t step) {
  struct all_code all = {.n = 0};
  dl_iterate_phdr(note_code, &all); // rules are asked for without the loader's lock
  for (size_t i = 0; i < all.n && n_failed_checks < 20; i++)
    for (uintptr_t at = all.parts[i].low; at < all.parts[i].high; at += step)
      compare_rules(at);
  CHECK(n_rules > 1000);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: shim_stack LIBRARY [tables | measure | compare MORE_LIBRARIES ...]\n");
    return 2;
  }
  const char *mode = argc > 2 ? argv[2] : "";
  CHECK_UINT(nck_stack_capture(__builtin_return_address(0), NULL),
             0); // closed
  fake_recorder_open();
  void *handle = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  CHECK(handle != NULL);
  const struct shape *all = ((shapes)dlsym(handle, "shim_stack_shapes"))();
  if (strcmp(mode, "measure") == 0) {
    printf("by tables:\n");
    measure(all);
  }
#if defined(__x86_64__)
  if (strcmp(mode, "tables") != 0) {
    CHECK(nck_unwind_load() != NULL);
    errno = 4711;
    CHECK(nck_unwind_start());
    CHECK_UINT(errno, 4711);
  }
#endif
  printf("by %s:\n", nck_unwind_name());
  if (strcmp(mode, "measure") == 0) {
    measure(all);
    return CHECK_DONE();
  }
  if (strcmp(mode, "compare") == 0) {
    for (int i = 3; i < argc; i++)
      if (dlopen(argv[i], RTLD_LAZY | RTLD_LOCAL) == NULL)
        fprintf(stderr, "%s\n", dlerror());
    check_libunwind(7);
    printf("%u rules the same, %u known to libunwind alone\n", n_rules, n_libunwind_alone);
    return CHECK_DONE();
  }
#if defined(__x86_64__)
  if (strcmp(mode, "tables") != 0)
    check_libunwind(241);
#endif
  check_shapes(all);
#if defined(__x86_64__)
  CHECK(n_known > 50);
#endif
  check_thread(all);
  check_depth(all);
  check_single((void *)all[0].enter);
  check_full(all);
  check_threads(all);
  check_moved(argv[1], &handle);
  return CHECK_DONE();
}
