// shim_scan.c: a reference that is kept anywhere is held; one that is kept nowhere, or only where
// nothing lives, is lost.
//
// This program plays the shim: its own data and its own frames are left out of the search. So
// whatever is to be found stands in the library, on the heap, or in mappings.
#define _GNU_SOURCE
#include "scan.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"
#include "module.h"
#include "object.h"
#include "shim_fake_recorder.h"
#include "shim_scan_addon.h"

#define FRAME __attribute__((noinline))

static const struct places *places;

// --- objects ---

static uint32_t new_object(void) {
  uint32_t slot = nck_recorder_append(NCK_TABLE_OBJECT, 1);
  struct nck_object *object = &nck_recorder.objects[slot];
  object->state = NCK_OBJECT_LIVE;
  object->kind = NCK_KIND_REFERENCE;
  object->generation = 1 + slot % 1000;
  return slot;
}

static uint64_t token_of(uint32_t slot) {
  return nck_token_make(slot, nck_recorder.objects[slot].generation);
}

// One that is held before other threads can find it.
static uint32_t new_object_in(uint64_t *where) {
  uint32_t slot = nck_recorder_append(NCK_TABLE_OBJECT, 1);
  struct nck_object *object = &nck_recorder.objects[slot];
  object->kind = NCK_KIND_REFERENCE;
  object->generation = 1;
  *where = token_of(slot);
  __atomic_store_n(&object->state, NCK_OBJECT_LIVE, __ATOMIC_RELEASE);
  return slot;
}

// Puts a token somewhere and leaves no copy of it on this stack.
static FRAME void put(void *where, uint32_t slot, unsigned low_bits) {
  uint64_t token = token_of(slot) | low_bits;
  memcpy(where, &token, sizeof token);
  __asm__ volatile("" : : "r"(where) : "memory");
}

static FRAME void scrub_stack(void) {
  volatile char waste[65536];
  memset((void *)waste, 0x5a, sizeof waste);
}

static bool everything(uint32_t object, void *arg) {
  (void)object, (void)arg;
  return true;
}

static double now_ms(void) { return (double)nck_recorder_ns() / 1e6; }

static bool scan(void) {
  scrub_stack();
  return nck_scan_run(everything, NULL, __builtin_frame_address(0));
}

static void forget_all(void) {
  for (uint64_t i = 1; i < nck_recorder.header->n_rows[NCK_TABLE_OBJECT]; i++)
    nck_recorder.objects[i].state = NCK_OBJECT_FREE;
}

// --- what is held, and where ---

static enum nck_evidence evidence_of(uint32_t slot) { return nck_recorder.objects[slot].evidence; }

static uint64_t own_data[64];

static void check_places(void) {
  uint32_t nowhere = new_object(), data = new_object(), bss = new_object(), tls = new_object(),
           heap = new_object(), tagged = new_object(), packed = new_object(), shared = new_object(),
           sealed = new_object(), locked = new_object(), in_file = new_object(),
           wiped = new_object(), twice = new_object(), old_generation = new_object(),
           in_record = new_object(), in_own = new_object(), across = new_object(),
           big = new_object(), file_shared = new_object(), in_own_data = new_object();

  put(places->data, data, 0);
  put(places->bss, bss, 0);
  put(places->tls(), tls, 0);
  uint64_t *block = calloc(64, sizeof *block);
  put(&block[1], heap, 0);
  put(&block[2], tagged, 7);
  put((char *)&block[4] + 3, packed, 0);
  put(&block[10], wiped, 0);
  memset(&block[10], 0xdb, sizeof *block);
  put(&block[12], twice, 0);
  put(places->bss + 2, twice, 0);
  put(&block[14], old_generation, 0);
  nck_recorder.objects[old_generation].generation++;

  char *pages = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  put(pages + 4096 * 7 + 80, shared, 0);
  char *seal = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  put(seal + 4096, sealed, 0);
  CHECK(mprotect(seal, 8192, PROT_READ) == 0);
  char *lock = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  put(lock + 16, locked, 0);
  CHECK(mprotect(lock, 8192, PROT_NONE) == 0);
  int fd = memfd_create("pool", MFD_CLOEXEC);
  CHECK(fd >= 0 && ftruncate(fd, 1 << 20) == 0);
  char *file = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  put(file + 4096 * 50, in_file, 0);
  char *view = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  put(view + 4096 * 60 + 8, file_shared, 0);
  // A word that is not aligned, across the end of what is read at a time.
  size_t big_bytes = 3 << 20;
  char *area = mmap(NULL, big_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(area, 1, big_bytes);
  put(area + (512 << 10) - 3, across, 0);
  put(area + big_bytes - 8, big, 0);

  put(&nck_recorder.objects[nowhere].data, in_record, 0);
  uint64_t *own = nck_own_alloc(4096);
  put(own, in_own, 0);
  put(&own_data[5], in_own_data, 0);

  nck_recorder.objects[nowhere].evidence = NCK_EVIDENCE_NONE;
  errno = 4711;
  CHECK(scan());
  CHECK_UINT(errno, 4711);
  CHECK_UINT(nck_recorder.header->scan_state, 1);
  CHECK(nck_recorder.header->scan_bytes > 4 << 20);
  CHECK(nck_recorder.header->scan_ns > 0);

  CHECK_UINT(evidence_of(nowhere), NCK_EVIDENCE_LOST);
  uint32_t module = nck_module_find((uintptr_t)places->data);
  CHECK_UINT(evidence_of(data), NCK_EVIDENCE_STATIC);
  CHECK_UINT(nck_recorder.objects[data].held_module, module);
  CHECK_UINT(nck_recorder.objects[data].held_offset,
             (uintptr_t)places->data - nck_recorder.modules[module].bias);
  CHECK_UINT(evidence_of(bss), NCK_EVIDENCE_STATIC);
  CHECK_UINT(evidence_of(twice), NCK_EVIDENCE_STATIC);
  CHECK(evidence_of(tls) > NCK_EVIDENCE_LOST);
  CHECK_UINT(evidence_of(heap), NCK_EVIDENCE_HEAP);
  CHECK_UINT(nck_recorder.objects[heap].held_offset, (uintptr_t)&block[1]);
  CHECK_UINT(evidence_of(tagged), NCK_EVIDENCE_HEAP);
  CHECK_UINT(evidence_of(packed), NCK_EVIDENCE_HEAP);
  CHECK_UINT(nck_recorder.objects[packed].held_offset, (uintptr_t)&block[4] + 3);
  CHECK_UINT(evidence_of(shared), NCK_EVIDENCE_SHARED);
  CHECK_UINT(evidence_of(file_shared), NCK_EVIDENCE_SHARED);
  CHECK_UINT(evidence_of(sealed), NCK_EVIDENCE_HEAP);
  CHECK_UINT(evidence_of(locked), NCK_EVIDENCE_HEAP);
  CHECK_UINT(evidence_of(in_file), NCK_EVIDENCE_OTHER);
  CHECK_UINT(evidence_of(wiped), NCK_EVIDENCE_LOST);
  CHECK_UINT(evidence_of(old_generation), NCK_EVIDENCE_LOST);
  CHECK_UINT(evidence_of(in_record), NCK_EVIDENCE_LOST);
  CHECK_UINT(evidence_of(in_own), NCK_EVIDENCE_LOST);
  CHECK_UINT(evidence_of(in_own_data), NCK_EVIDENCE_LOST);
  CHECK_UINT(evidence_of(across), NCK_EVIDENCE_HEAP);
  CHECK_UINT(evidence_of(big), NCK_EVIDENCE_HEAP);

  free(block);
  munmap(pages, 1 << 20);
  munmap(seal, 8192);
  munmap(lock, 8192);
  munmap(file, 1 << 20);
  munmap(view, 1 << 20);
  munmap(area, big_bytes);
  close(fd);
  memset(places->data, 0, 8);
  memset(places->bss, 0, 32);
  memset(places->tls(), 0, 8);
  nck_own_free(own, 4096);
  forget_all();
}

// --- what is asked for ---

static bool only_odd(uint32_t object, void *arg) {
  ++*(int *)arg;
  return object % 2 == 1;
}

static void check_wanted(void) {
  uint32_t slots[10];
  int n_asked = 0;
  for (int i = 0; i < 10; i++)
    slots[i] = new_object();
  nck_recorder.objects[slots[4]].state = NCK_OBJECT_DEAD;
  nck_recorder.objects[slots[5]].state = NCK_OBJECT_DEAD;
  nck_recorder.objects[slots[6]].evidence = NCK_EVIDENCE_HEAP;
  nck_recorder.objects[slots[7]].evidence = NCK_EVIDENCE_HEAP;
  CHECK(nck_scan_run(only_odd, &n_asked, __builtin_frame_address(0)));
  CHECK(n_asked > 0);
  for (int i = 0; i < 10; i++) {
    bool is_left_alone = i == 4 || i == 5 || i == 6 || i == 7 || slots[i] % 2 == 0;
    enum nck_evidence before = i == 6 || i == 7 ? NCK_EVIDENCE_HEAP : NCK_EVIDENCE_NONE;
    CHECK_UINT(evidence_of(slots[i]), is_left_alone ? before : NCK_EVIDENCE_LOST);
  }
  forget_all();
  uint64_t bytes = nck_recorder.header->scan_bytes;
  CHECK(scan()); // nothing to look for: nothing is read
  CHECK_UINT(nck_recorder.header->scan_bytes, bytes);
}

// --- stacks ---

static void scan_inside(void *arg) {
  (void)arg;
  CHECK(scan());
}

static FRAME int leave_in_dead_frames(uint32_t slot, int depth) {
  volatile uint64_t copies[64];
  for (int i = 0; i < 64; i++)
    copies[i] = depth == 0 ? token_of(slot) : 0;
  if (depth == 0)
    return (int)copies[3];
  return leave_in_dead_frames(slot, depth - 1) + (int)copies[1];
}

static void check_own_stack(void) {
  uint32_t live = new_object(), dead = new_object();
  leave_in_dead_frames(dead, 60);
  uint64_t token = token_of(live);
  places->hold((uint32_t)(token >> 32), (uint32_t)token, scan_inside, NULL);
  CHECK_UINT(evidence_of(live), NCK_EVIDENCE_STACK);
  CHECK_UINT(nck_recorder.objects[live].held_offset, (uint32_t)getpid());
  CHECK_UINT(evidence_of(dead), NCK_EVIDENCE_LOST);
  forget_all();
}

struct thread_work {
  uint32_t live, dead;
  uint32_t tid;
  bool is_busy;
  sem_t ready, go_on;
  volatile bool is_over;
};

static void wait_inside(void *arg) {
  struct thread_work *work = arg;
  work->tid = (uint32_t)syscall(SYS_gettid);
  sem_post(&work->ready);
  if (work->is_busy)
    while (!work->is_over)
      ;
  else
    sem_wait(&work->go_on);
}

static void *run_thread(void *arg) {
  struct thread_work *work = arg;
  leave_in_dead_frames(work->dead, 100);
  uint64_t token = token_of(work->live);
  places->hold((uint32_t)(token >> 32), (uint32_t)token, wait_inside, work);
  return NULL;
}

static bool is_asleep(uint32_t tid) {
  char path[64], text[256] = "";
  snprintf(path, sizeof path, "/proc/self/task/%u/stat", tid);
  FILE *file = fopen(path, "re");
  CHECK(file != NULL && fgets(text, sizeof text, file) != NULL);
  fclose(file);
  const char *state = strrchr(text, ')');
  return state != NULL && state[2] == 'S';
}

static void start_thread(struct thread_work *work, pthread_t *thread, const pthread_attr_t *attr) {
  work->live = new_object();
  work->dead = new_object();
  sem_init(&work->ready, 0, 0);
  sem_init(&work->go_on, 0, 0);
  CHECK(pthread_create(thread, attr, run_thread, work) == 0);
  sem_wait(&work->ready);
  while (!work->is_busy && !is_asleep(work->tid)) {
    struct timespec moment = {.tv_nsec = 1000000};
    nanosleep(&moment, NULL);
  }
}

static void end_thread(struct thread_work *work, pthread_t thread) {
  work->is_over = true;
  sem_post(&work->go_on);
  pthread_join(thread, NULL);
  forget_all();
}

static void check_other_stacks(void) {
  struct thread_work work = {0};
  pthread_t thread;

  start_thread(&work, &thread, NULL);
  CHECK(scan());
  CHECK_UINT(evidence_of(work.live), NCK_EVIDENCE_STACK);
  CHECK_UINT(nck_recorder.objects[work.live].held_offset, work.tid);
  CHECK_UINT(evidence_of(work.dead), NCK_EVIDENCE_LOST);
  end_thread(&work, thread);

  // While it runs nobody can say what is dead: held, to be sure.
  work = (struct thread_work){.is_busy = true};
  start_thread(&work, &thread, NULL);
  CHECK(scan());
  CHECK_UINT(evidence_of(work.live), NCK_EVIDENCE_STACK);
  CHECK(evidence_of(work.dead) > NCK_EVIDENCE_LOST);
  end_thread(&work, thread);
}

// A stack that the program made itself, in the middle of memory of its own: what stands below it is
// not dead.
static void check_stack_in_arena(void) {
  size_t bytes = 8 << 20;
  char *arena =
      mmap(NULL, bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(mprotect(arena, 4096, PROT_READ | PROT_WRITE) == 0);
  arena += 4096;
  struct thread_work work = {0};
  pthread_t thread;
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  CHECK(pthread_attr_setstack(&attr, arena + (4 << 20), 4 << 20) == 0);
  uint32_t below = new_object();
  put(arena + 4096, below, 0);
  start_thread(&work, &thread, &attr);
  CHECK(scan());
  CHECK(evidence_of(below) > NCK_EVIDENCE_LOST);
  CHECK(evidence_of(work.live) > NCK_EVIDENCE_LOST);
  end_thread(&work, thread);
  pthread_attr_destroy(&attr);
  munmap(arena - 4096, bytes + 4096);
}

// A stack that begins where an arena of malloc's might, above a page without rights: it is told
// from one by its lowest page.
static void check_aligned_stack(bool is_first_page_written) {
  size_t unit = 64 << 20, bytes = 8 << 20;
  char *reserved = mmap(NULL, 2 * unit + bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(reserved != MAP_FAILED);
  char *low = (char *)(((uintptr_t)reserved + unit) & -unit);
  CHECK(mprotect(low, bytes, PROT_READ | PROT_WRITE) == 0);
  if (is_first_page_written)
    low[0] = 1;
  struct thread_work work = {0};
  pthread_t thread;
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  CHECK(pthread_attr_setstack(&attr, low, bytes) == 0);
  start_thread(&work, &thread, &attr);
  CHECK(scan());
  CHECK_UINT(evidence_of(work.live), NCK_EVIDENCE_STACK);
  CHECK_UINT(evidence_of(work.dead),
             is_first_page_written ? NCK_EVIDENCE_STACK : NCK_EVIDENCE_LOST);
  end_thread(&work, thread);
  pthread_attr_destroy(&attr);
  munmap(reserved, 2 * unit + bytes);
}

static ucontext_t main_context, coroutine_context;

static void yield_inside(void *arg) {
  (void)arg;
  swapcontext(&coroutine_context, &main_context);
}

static uint32_t coroutine_slot;

static void run_coroutine(void) {
  uint64_t token = token_of(coroutine_slot);
  places->hold((uint32_t)(token >> 32), (uint32_t)token, yield_inside, NULL);
}

// A coroutine that is suspended: its stack is memory like any other.
static void check_coroutine(void) {
  size_t bytes = 256 << 10;
  char *stack = malloc(bytes);
  coroutine_slot = new_object();
  getcontext(&coroutine_context);
  coroutine_context.uc_stack.ss_sp = stack;
  coroutine_context.uc_stack.ss_size = bytes;
  coroutine_context.uc_link = &main_context;
  makecontext(&coroutine_context, run_coroutine, 0);
  swapcontext(&main_context, &coroutine_context);
  CHECK(scan());
  CHECK_UINT(evidence_of(coroutine_slot), NCK_EVIDENCE_HEAP);
  forget_all();
  free(stack);
}

struct worker_work {
  uint32_t live, dead;
};

static void *scan_in_thread(void *arg) {
  struct worker_work *work = arg;
  leave_in_dead_frames(work->dead, 60);
  uint64_t token = token_of(work->live);
  places->hold((uint32_t)(token >> 32), (uint32_t)token, scan_inside, NULL);
  return (void *)(uintptr_t)syscall(SYS_gettid);
}

// The search runs on a thread that is not the first, as at a worker's end.
static void check_worker(void) {
  struct worker_work work = {new_object(), new_object()};
  pthread_t thread;
  void *tid;
  CHECK(pthread_create(&thread, NULL, scan_in_thread, &work) == 0);
  pthread_join(thread, &tid);
  CHECK_UINT(evidence_of(work.live), NCK_EVIDENCE_STACK);
  CHECK_UINT(nck_recorder.objects[work.live].held_offset, (uintptr_t)tid);
  CHECK_UINT(evidence_of(work.dead), NCK_EVIDENCE_LOST);
  forget_all();
}

// --- size ---

static void check_reserved(void) {
  uint32_t lost = new_object(), held = new_object();
  double start = now_ms();
  CHECK(scan());
  double without = now_ms() - start;
  nck_recorder.objects[lost].evidence = NCK_EVIDENCE_NONE;
  size_t bytes = (size_t)1 << 30;
  char *reserved =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(reserved != MAP_FAILED);
  put(reserved + (700u << 20) + 4088, held, 0);
  nck_recorder.objects[held].evidence = NCK_EVIDENCE_NONE;
  uint64_t read = nck_recorder.header->scan_bytes;
  start = now_ms();
  CHECK(scan());
  double with = now_ms() - start;
  CHECK_UINT(evidence_of(lost), NCK_EVIDENCE_LOST);
  CHECK_UINT(evidence_of(held), NCK_EVIDENCE_HEAP);
  CHECK(nck_recorder.header->scan_bytes - read < 64 << 20);
  if (with - without >= 50) {
    fprintf(stderr, "a gigabyte never touched costs %.1f ms\n", with - without);
    n_failed_checks++;
  }
  munmap(reserved, bytes);
  forget_all();
}

static void check_many(void) {
  enum { N = 200000 };
  uint32_t *slots = calloc(N, sizeof *slots);
  uint64_t *kept = calloc(N, sizeof *kept);
  for (int i = 0; i < N; i++) {
    slots[i] = new_object();
    if (i % 3 == 0)
      put(&kept[i], slots[i], 0);
  }
  CHECK(scan());
  int n_wrong = 0;
  for (int i = 0; i < N; i++)
    n_wrong += evidence_of(slots[i]) != (i % 3 == 0 ? NCK_EVIDENCE_HEAP : NCK_EVIDENCE_LOST);
  CHECK_UINT(n_wrong, 0);
  free(kept);
  free(slots);
  forget_all();
}

// --- trouble ---

static volatile bool is_over;

static void *map_and_unmap(void *arg) {
  (void)arg;
  while (!is_over) {
    size_t bytes = 2 << 20;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(memory, 0x9a, bytes);
    munmap(memory, bytes);
  }
  return NULL;
}

static void *scan_often(void *arg) {
  for (int i = 0; i < 10; i++)
    CHECK(nck_scan_run(everything, arg, __builtin_frame_address(0)));
  return NULL;
}

static void check_unrest(void) {
  pthread_t threads[4];
  uint64_t *block = calloc(1, sizeof *block);
  CHECK(pthread_create(&threads[0], NULL, map_and_unmap, NULL) == 0);
  CHECK(pthread_create(&threads[1], NULL, map_and_unmap, NULL) == 0);
  CHECK(pthread_create(&threads[2], NULL, scan_often, NULL) == 0);
  CHECK(pthread_create(&threads[3], NULL, scan_often, NULL) == 0);
  for (int i = 0; i < 20; i++) {
    uint32_t lost = new_object(), held = new_object_in(block);
    CHECK(scan());
    CHECK_UINT(evidence_of(lost), NCK_EVIDENCE_LOST);
    CHECK(evidence_of(held) > NCK_EVIDENCE_LOST);
    nck_recorder.objects[lost].state = nck_recorder.objects[held].state = NCK_OBJECT_FREE;
  }
  pthread_join(threads[2], NULL);
  pthread_join(threads[3], NULL);
  is_over = true;
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  free(block);
  forget_all();
}

static void check_no_memory(void) {
  uint32_t slot = new_object();
  size_t own_bytes = fake_recorder_own_bytes();
  fake_recorder_fill(true);
  CHECK(!scan());
  fake_recorder_fill(false);
  CHECK_UINT(evidence_of(slot), NCK_EVIDENCE_NONE);
  CHECK_UINT(nck_recorder.header->scan_state, 2);
  CHECK(scan());
  CHECK_UINT(evidence_of(slot), NCK_EVIDENCE_LOST);
  CHECK_UINT(nck_recorder.header->scan_state, 2); // one of them failed
  CHECK_UINT(fake_recorder_own_bytes(), own_bytes);
  forget_all();
}

static void measure(void) {
  size_t bytes = (size_t)512 << 20;
  char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 0; i < bytes; i += 8)
    *(uint64_t *)(memory + i) = i * 0x9e3779b97f4a7c15ull;
  for (int anywhere = 0; anywhere < 2; anywhere++) {
    for (int i = 0; i < 3; i++) {
      uint32_t slot = new_object();
      if (!anywhere)
        put(memory + bytes - 8, slot, 0); // found at the end of the first pass
      struct nck_record_header *header = nck_recorder.header;
      uint64_t read = header->scan_bytes, ns = header->scan_ns;
      CHECK(scan());
      printf("%s: %.1f MB in %.1f ms, %.2f GB/s\n", anywhere ? "both passes" : "first pass",
             (double)(header->scan_bytes - read) / 1e6, (double)(header->scan_ns - ns) / 1e6,
             (double)(header->scan_bytes - read) / (double)(header->scan_ns - ns));
      memset(memory + bytes - 8, 0, 8);
      forget_all();
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: shim_scan LIBRARY [measure]\n");
    return 2;
  }
  CHECK(!nck_scan_run(everything, NULL, __builtin_frame_address(0))); // no record
  fake_recorder_open();
  void *handle = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  CHECK(handle != NULL);
  places = ((get_places)dlsym(handle, "shim_scan_places"))();
  if (argc > 2) {
    measure();
    return CHECK_DONE();
  }
  check_places();
  check_wanted();
  check_own_stack();
  check_other_stacks();
  check_stack_in_arena();
  check_aligned_stack(false);
  check_aligned_stack(true);
  check_coroutine();
  check_worker();
  check_reserved();
  check_many();
  check_unrest();
  check_no_memory();
  return CHECK_DONE();
}
