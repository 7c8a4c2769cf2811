// shim_stack_addon.c: a library whose functions have frames of all the shapes that compilers make.
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shim_stack_addon.h"

#define FRAME __attribute__((noinline))
#define KEEP_FRAME(result) __asm__ volatile("" : "+r"(result)) // no tail call

static FRAME int plain_inner(probe call, int argument) {
  int result = call(argument);
  KEEP_FRAME(result);
  return result + 1;
}

static FRAME int plain_middle(probe call, int argument) {
  int result = plain_inner(call, argument);
  KEEP_FRAME(result);
  return result + 1;
}

static FRAME int plain(probe call, int argument) {
  int result = plain_middle(call, argument);
  KEEP_FRAME(result);
  return result + 1;
}

static FRAME int with_alloca(probe call, int argument) {
  volatile char *memory = alloca((size_t)(argument % 7 + 1) * 100);
  memory[3] = 1;
  int result = plain_middle(call, argument);
  KEEP_FRAME(result);
  return result + memory[3];
}

static FRAME int with_realigned_stack(probe call, int argument) {
  volatile char memory[256] __attribute__((aligned(128)));
  memory[argument % 256] = 2;
  int result = with_alloca(call, argument);
  KEEP_FRAME(result);
  return result + memory[argument % 256];
}

// Both at once, which makes some compilers address the frame through another register.
static FRAME int with_realigned_alloca(probe call, int argument) {
  volatile char memory[256] __attribute__((aligned(64)));
  volatile char *more = alloca((size_t)(argument % 5 + 1) * 64);
  memory[argument % 256] = more[0] = 2;
  int result = plain_inner(call, argument);
  KEEP_FRAME(result);
  return result + memory[argument % 256] + more[0];
}

static FRAME int with_frame_pointer(probe call, int argument) {
  int result = with_realigned_stack(call, argument + (__builtin_frame_address(0) == NULL));
  KEEP_FRAME(result);
  return result + 1;
}

static FRAME int with_big_frame(probe call, int argument) {
  volatile char memory[300000];
  memset((void *)memory, argument, sizeof memory);
  int result = plain_middle(call, argument);
  KEEP_FRAME(result);
  return result + memory[77];
}

static probe compared;

static int compare(const void *left, const void *right) {
  int result = compared(*(const int *)left - *(const int *)right);
  KEEP_FRAME(result);
  return result;
}

// libc stands between two frames of the addon.
static FRAME int through_libc(probe call, int argument) {
  int numbers[2] = {argument, argument + 1};
  compared = call;
  qsort(numbers, 2, sizeof *numbers, compare);
  return numbers[0];
}

static FRAME int deep(probe call, int argument) {
  int result = argument > 0 ? deep(call, argument - 1) : plain_inner(call, argument);
  KEEP_FRAME(result);
  return result + 1;
}

static FRAME int recurse(probe call, int argument) {
  (void)argument;
  return deep(call, 15);
}

static FRAME int recurse_far(probe call, int argument) {
  (void)argument;
  return deep(call, 300);
}

struct thread_work {
  probe call;
  int argument, result;
};

static void *run_thread(void *arg) {
  struct thread_work *work = arg;
  work->result = plain_middle(work->call, work->argument);
  KEEP_FRAME(work->result);
  return NULL;
}

// Nothing of ours encloses these frames.
static FRAME int in_thread(probe call, int argument) {
  struct thread_work work = {.call = call, .argument = argument};
  pthread_t thread;
  if (pthread_create(&thread, NULL, run_thread, &work) == 0)
    pthread_join(thread, NULL);
  return work.result;
}

int shim_stack_bare(probe call, int argument); // shim_stack_bare.c

static FRAME int through_bare(probe call, int argument) {
  int result = shim_stack_bare(call, argument);
  KEEP_FRAME(result);
  return result + 1;
}

const struct shape *shim_stack_shapes(void);
__attribute__((visibility("default"))) const struct shape *shim_stack_shapes(void) {
  static const struct shape all[] = {
      {"plain", plain, 3},
      {"alloca", with_alloca, 3},
      {"realigned stack", with_realigned_stack, 4},
      {"realigned alloca", with_realigned_alloca, 2},
      {"frame pointer", with_frame_pointer, 5},
      {"big frame", with_big_frame, 3},
      {"through libc", through_libc, 3},
      {"recursion", recurse, 17},
      {"deep recursion", recurse_far, 24},
      {"thread", in_thread, 3},
      {"without tables", through_bare, 1},
      {NULL, NULL, 0},
  };
  return all;
}
