// addon.c: the benchmarks' native half: each function does one thing n times and returns the
// nanoseconds.
#include <node_api.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define CHECK(call)                                                                                \
  do {                                                                                             \
    if ((call) != napi_ok)                                                                         \
      abort();                                                                                     \
  } while (0)

#define NOINLINE __attribute__((noinline))
// Keeps a call from becoming a jump, so that its frame stands on the stack.
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

static double clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

// The thread's processor time, so that other programs on the machine do not count.
static double now_ns(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

// What each measured function gets: (n, value), and how it answers.
struct call {
  int64_t n;
  napi_value value;
  double start;
};

static struct call call_begin(napi_env env, napi_callback_info info) {
  struct call call = {0};
  size_t argc = 2;
  napi_value argv[2];
  CHECK(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  CHECK(napi_get_value_int64(env, argv[0], &call.n));
  call.value = argv[1];
  call.start = now_ns();
  return call;
}

static napi_value call_end(napi_env env, const struct call *call) {
  double ns = now_ns() - call->start;
  napi_value result;
  CHECK(napi_create_double(env, ns, &result));
  return result;
}

static napi_value get_int32(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  int32_t sum = 0;
  for (int64_t i = 0; i < call.n; i++) {
    int32_t value;
    CHECK(napi_get_value_int32(env, call.value, &value));
    sum += value;
  }
  __asm__ volatile("" ::"r"(sum));
  return call_end(env, &call);
}

static napi_value handle_scope(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  for (int64_t i = 0; i < call.n; i++) {
    napi_handle_scope scope;
    CHECK(napi_open_handle_scope(env, &scope));
    CHECK(napi_close_handle_scope(env, scope));
  }
  return call_end(env, &call);
}

static napi_value escapable_scope(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  for (int64_t i = 0; i < call.n; i++) {
    napi_handle_scope outer;
    napi_escapable_handle_scope scope;
    napi_value object, escaped;
    CHECK(napi_open_handle_scope(env, &outer));
    CHECK(napi_open_escapable_handle_scope(env, &scope));
    CHECK(napi_create_object(env, &object));
    CHECK(napi_escape_handle(env, scope, object, &escaped));
    CHECK(napi_close_escapable_handle_scope(env, scope));
    CHECK(napi_close_handle_scope(env, outer));
  }
  return call_end(env, &call);
}

static NOINLINE void make_and_delete(napi_env env, napi_value value) {
  napi_ref reference;
  CHECK(napi_create_reference(env, value, 1, &reference));
  CHECK(napi_delete_reference(env, reference));
}

static napi_value reference_shallow(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  for (int64_t i = 0; i < call.n; i++) {
    napi_ref reference;
    CHECK(napi_create_reference(env, call.value, 1, &reference));
    CHECK(napi_delete_reference(env, reference));
  }
  return call_end(env, &call);
}

static NOINLINE void depth_2(napi_env env, napi_value value) {
  make_and_delete(env, value);
  KEEP_FRAME();
}
static NOINLINE void depth_3(napi_env env, napi_value value) {
  depth_2(env, value);
  KEEP_FRAME();
}
static NOINLINE void depth_4(napi_env env, napi_value value) {
  depth_3(env, value);
  KEEP_FRAME();
}

// Five frames of the addon's: make_and_delete, depth_2, depth_3, depth_4 and this one.
static napi_value reference_deep(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  for (int64_t i = 0; i < call.n; i++)
    depth_4(env, call.value);
  return call_end(env, &call);
}

static napi_value reference_count(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  napi_ref reference;
  uint32_t count;
  CHECK(napi_create_reference(env, call.value, 1, &reference));
  for (int64_t i = 0; i < call.n; i++) {
    CHECK(napi_reference_ref(env, reference, &count));
    CHECK(napi_reference_unref(env, reference, &count));
  }
  CHECK(napi_delete_reference(env, reference));
  return call_end(env, &call);
}

static napi_value create_object(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  for (int64_t i = 0; i < call.n; i++) {
    napi_handle_scope scope;
    napi_value object;
    CHECK(napi_open_handle_scope(env, &scope));
    CHECK(napi_create_object(env, &object));
    CHECK(napi_close_handle_scope(env, scope));
  }
  return call_end(env, &call);
}

static napi_value call_function(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  napi_value receiver;
  CHECK(napi_get_undefined(env, &receiver));
  for (int64_t i = 0; i < call.n; i++) {
    napi_handle_scope scope;
    napi_value result;
    CHECK(napi_open_handle_scope(env, &scope));
    CHECK(napi_call_function(env, receiver, call.value, 1, &receiver, &result));
    CHECK(napi_close_handle_scope(env, scope));
  }
  return call_end(env, &call);
}

// --- called from loops in JavaScript ---

static napi_value thread_ns(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  CHECK(napi_create_double(env, now_ns(), &result));
  return result;
}

static napi_value empty(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  return NULL;
}

static napi_value add(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2], result;
  int32_t a, b;
  CHECK(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  CHECK(napi_get_value_int32(env, argv[0], &a));
  CHECK(napi_get_value_int32(env, argv[1], &b));
  CHECK(napi_create_int32(env, a + b, &result));
  return result;
}

// --- what the collector takes away ---

static int64_t n_finalized;

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)data;
  (void)hint;
  n_finalized++;
}

static napi_value wrap(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  static char memory[1 << 16];
  for (int64_t i = 0; i < call.n; i++) {
    napi_handle_scope scope;
    napi_value object;
    CHECK(napi_open_handle_scope(env, &scope));
    CHECK(napi_create_object(env, &object));
    CHECK(napi_wrap(env, object, &memory[i % (int64_t)sizeof memory], finalize, NULL, NULL));
    CHECK(napi_close_handle_scope(env, scope));
  }
  return call_end(env, &call);
}

static napi_value finalized(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  CHECK(napi_create_int64(env, n_finalized, &result));
  return result;
}

// Functions with data of their own, as a binding makes for each object that it hands out.
static napi_value create_functions(napi_env env, napi_callback_info info) {
  static uintptr_t next;
  struct call call = call_begin(env, info);
  for (int64_t i = 0; i < call.n; i++) {
    napi_handle_scope scope;
    napi_value function;
    CHECK(napi_open_handle_scope(env, &scope));
    CHECK(napi_create_function(env, NULL, 0, empty, (void *)(++next << 4), &function));
    CHECK(napi_close_handle_scope(env, scope));
  }
  return call_end(env, &call);
}

// --- leaks: ten sites ---

#define LEAK(i)                                                                                    \
  static NOINLINE void leak_##i(napi_env env, napi_value value) {                                  \
    napi_ref reference;                                                                            \
    CHECK(napi_create_reference(env, value, 1, &reference));                                       \
    __asm__ volatile("" ::"i"(i));                                                                 \
  }
// clang-format moves one item of such a list at every run.
// clang-format off
LEAK(0) LEAK(1) LEAK(2) LEAK(3) LEAK(4) LEAK(5) LEAK(6) LEAK(7) LEAK(8) LEAK(9)
    // clang-format on

    static napi_value leak(napi_env env, napi_callback_info info) {
  static void (*const sites[])(napi_env, napi_value) = {leak_0, leak_1, leak_2, leak_3, leak_4,
                                                        leak_5, leak_6, leak_7, leak_8, leak_9};
  struct call call = call_begin(env, info);
  for (int64_t i = 0; i < call.n; i++)
    sites[i % 10](env, call.value);
  return call_end(env, &call);
}

// --- threads ---

enum { MAX_THREADS = 64 };
static struct {
  napi_threadsafe_function function;
  napi_ref done;
  pthread_t threads[MAX_THREADS];
  int64_t n_threads, n_calls, n_delivered;
  double start;
} queue;

static void *queue_calls(void *arg) {
  (void)arg;
  for (int64_t i = 0; i < queue.n_calls; i++)
    CHECK(napi_call_threadsafe_function(queue.function, NULL, napi_tsfn_blocking));
  return NULL;
}

static void deliver(napi_env env, napi_value function, void *context, void *data) {
  (void)function;
  (void)context;
  (void)data;
  if (++queue.n_delivered < queue.n_threads * queue.n_calls)
    return;
  double ns = clock_ns(CLOCK_MONOTONIC) - queue.start;
  for (int64_t i = 0; i < queue.n_threads; i++)
    pthread_join(queue.threads[i], NULL);
  CHECK(napi_release_threadsafe_function(queue.function, napi_tsfn_release));
  napi_value done, result, receiver;
  CHECK(napi_get_reference_value(env, queue.done, &done));
  CHECK(napi_delete_reference(env, queue.done));
  CHECK(napi_create_double(env, ns, &result));
  CHECK(napi_get_undefined(env, &receiver));
  CHECK(napi_call_function(env, receiver, done, 1, &result, NULL));
}

// threadsafe(threads, calls, done): the time until the last call was delivered.
static napi_value threadsafe(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3], name;
  CHECK(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  CHECK(napi_get_value_int64(env, argv[0], &queue.n_threads));
  CHECK(napi_get_value_int64(env, argv[1], &queue.n_calls));
  if (queue.n_threads < 1 || queue.n_threads > MAX_THREADS)
    abort();
  CHECK(napi_create_reference(env, argv[2], 1, &queue.done));
  CHECK(napi_create_string_utf8(env, "bench", NAPI_AUTO_LENGTH, &name));
  CHECK(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, deliver,
                                        &queue.function));
  queue.n_delivered = 0;
  queue.start = clock_ns(CLOCK_MONOTONIC);
  for (int64_t i = 0; i < queue.n_threads; i++)
    if (pthread_create(&queue.threads[i], NULL, queue_calls, NULL) != 0)
      abort();
  return NULL;
}

static void export(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  CHECK(napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function));
  CHECK(napi_set_named_property(env, exports, name, function));
}

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  export(env, exports, "getInt32", get_int32);
  export(env, exports, "handleScope", handle_scope);
  export(env, exports, "escapableScope", escapable_scope);
  export(env, exports, "referenceShallow", reference_shallow);
  export(env, exports, "referenceDeep", reference_deep);
  export(env, exports, "referenceCount", reference_count);
  export(env, exports, "createObject", create_object);
  export(env, exports, "callFunction", call_function);
  export(env, exports, "threadNs", thread_ns);
  export(env, exports, "empty", empty);
  export(env, exports, "add", add);
  export(env, exports, "wrap", wrap);
  export(env, exports, "finalized", finalized);
  export(env, exports, "createFunctions", create_functions);
  export(env, exports, "leak", leak);
  export(env, exports, "threadsafe", threadsafe);
  return exports;
}
