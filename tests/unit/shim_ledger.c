// shim_ledger.c: async work, threadsafe functions, promises, contexts, finalizers and the end of an
// env, against a runtime that commits the faults that no real one does.
//
//   shim_ledger [CALLS]   calls of each of the eight threads
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "env.h"
#include "fake_runtime.h"
#include "held.h"
#include "object.h"
#include "profile.h"
#include "recorder.h"

enum { THREADS = 8 };
static unsigned n_calls = 100000;

static napi_value some_value(void) { return (napi_value)(uintptr_t)0x2000; }

// How often a finding of that kind and severity was raised so far.
static uint64_t count(enum nck_finding_kind kind, enum nck_severity severity) {
  uint64_t n = 0;
  for (uint64_t i = 1; i < nck_recorder.header->n_rows[NCK_TABLE_FINDING]; i++) {
    const struct nck_finding *row = &nck_recorder.findings[i];
    if (row->kind == kind && row->severity == severity)
      n += row->count;
  }
  return n;
}

static uint64_t count_all(void) {
  uint64_t n = 0;
  for (uint64_t i = 1; i < nck_recorder.header->n_rows[NCK_TABLE_FINDING]; i++)
    n += nck_recorder.findings[i].count;
  return n;
}

static const struct nck_counter *counter(napi_env env, enum nck_object_kind kind) {
  return &nck_env_find(env)->row->counters[kind];
}

// Runs a test in a thread of its own, as a worker: its end is the end of its envs.
static void in_worker(void *(*test)(void *), void *arg) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, test, arg) == 0);
  pthread_join(thread, NULL);
}

// --- threadsafe functions ---

static uint64_t n_delivered, n_dropped, n_finalized;

static void deliver(napi_env env, napi_value callback, void *context, void *data) {
  (void)callback, (void)context, (void)data;
  __atomic_fetch_add(env != NULL ? &n_delivered : &n_dropped, 1, __ATOMIC_RELAXED);
}

static void finalized(napi_env env, void *data, void *hint) {
  (void)env, (void)data, (void)hint;
  __atomic_fetch_add(&n_finalized, 1, __ATOMIC_RELAXED);
}

static napi_threadsafe_function make(napi_env env, size_t n_threads, napi_finalize finalize) {
  napi_threadsafe_function tsfn = NULL;
  static int context;
  void *seen = NULL;
  CHECK(napi_create_threadsafe_function(env, NULL, NULL, some_value(), 0, n_threads, NULL, finalize,
                                        &context, deliver, &tsfn) == napi_ok);
  CHECK(napi_get_threadsafe_function_context(tsfn, &seen) == napi_ok && seen == &context);
  return tsfn;
}

static void *call_often(void *arg) {
  napi_threadsafe_function tsfn = arg;
  for (unsigned i = 0; i < n_calls; i++) {
    if (i % 64 == 0) {
      CHECK(napi_acquire_threadsafe_function(tsfn) == napi_ok);
      CHECK(napi_release_threadsafe_function(tsfn, napi_tsfn_release) == napi_ok);
    }
    if (napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_blocking) != napi_ok)
      CHECK(false);
  }
  CHECK(napi_release_threadsafe_function(tsfn, napi_tsfn_release) == napi_ok);
  return NULL;
}

static uint64_t n_wanted;
static bool all_delivered(void) {
  return __atomic_load_n(&n_delivered, __ATOMIC_RELAXED) == n_wanted &&
         __atomic_load_n(&n_finalized, __ATOMIC_RELAXED) == 1;
}

static void *test_many_threads(void *unused) {
  napi_env env = fake_env_new();
  pthread_t threads[THREADS];
  napi_threadsafe_function tsfn = make(env, THREADS, finalized);
  uint64_t findings = count_all(), calls = nck_env_find(env)->row->n_calls;
  n_delivered = n_finalized = 0;
  n_wanted = (uint64_t)THREADS * n_calls;
  for (int i = 0; i < THREADS; i++)
    CHECK(pthread_create(&threads[i], NULL, call_often, tsfn) == 0);
  CHECK(fake_env_turn_until(env, all_delivered));
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  CHECK_UINT(n_delivered, n_wanted);
  CHECK_UINT(nck_env_find(env)->row->n_calls - calls, n_wanted);
  CHECK_UINT(n_dropped, 0);
  CHECK_UINT(counter(env, NCK_KIND_THREADSAFE_FUNCTION)->live, 0);
  CHECK_UINT(count_all() - findings, 0);
  // It is gone now.
  CHECK(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_blocking) == napi_closing);
  CHECK_UINT(count(NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE, NCK_SEVERITY_ERROR), 1);
  fake_env_end(env);
  return unused;
}

// Functions that come and go leave no memory behind, with and without a finalizer.
static void *test_flat_memory(void *unused) {
  enum { ROUNDS = 40, EACH = 500 };
  napi_env env = fake_env_new();
  uint64_t findings = count_all(), bytes = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < EACH; i++) {
      napi_threadsafe_function tsfn = make(env, 1, i % 2 ? finalized : NULL);
      CHECK(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_blocking) == napi_ok);
      CHECK(napi_release_threadsafe_function(tsfn, napi_tsfn_release) == napi_ok);
      fake_env_turn(env);
    }
    if (round == ROUNDS / 2)
      bytes = nck_held_bytes();
    usleep(10000); // one without a finalizer is taken as gone after a while
  }
  // How many wait to be taken as gone depends on the machine: one mapping more may be wanted. What
  // is never given back would want five.
  CHECK(nck_held_bytes() <= bytes + (1 << 18));
  CHECK(counter(env, NCK_KIND_THREADSAFE_FUNCTION)->live < ROUNDS * EACH / 4);
  CHECK_UINT(count_all() - findings, 0);
  fake_env_end(env);
  return unused;
}

// A thread that outlives its env. `arg` says what the runtime does with the function.
struct outlive {
  enum nck_answer kept;
  napi_threadsafe_function tsfn;
};

static void *own_and_end(void *arg) {
  struct outlive *outlive = arg;
  napi_env env = fake_env_new();
  outlive->tsfn = make(env, 2, NULL);
  fake_env_end(env);
  return NULL;
}

static void test_outlives_env(enum nck_answer kept) {
  struct outlive outlive = {.kept = kept};
  uint64_t errors = count(NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE, NCK_SEVERITY_ERROR);
  uint64_t warnings =
      count(NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE, NCK_SEVERITY_WARNING);
  fake_runtime_keep_functions(kept);
  in_worker(own_and_end, &outlive);
  void *context;
  bool is_error = kept == NCK_NO;
  CHECK(napi_get_threadsafe_function_context(outlive.tsfn, &context) ==
        (kept == NCK_YES ? napi_ok : napi_invalid_arg));
  CHECK(napi_call_threadsafe_function(outlive.tsfn, NULL, napi_tsfn_blocking) == napi_closing);
  CHECK(napi_release_threadsafe_function(outlive.tsfn, napi_tsfn_release) ==
        (kept == NCK_YES ? napi_ok : napi_invalid_arg));
  CHECK_UINT(count(NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE, NCK_SEVERITY_ERROR) - errors,
             is_error ? 3 : 0);
  CHECK_UINT(count(NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE, NCK_SEVERITY_WARNING) -
                 warnings,
             is_error ? 0 : 3);
  if (kept == NCK_YES) { // both holds are given back: now it is freed there, too
    CHECK(napi_call_threadsafe_function(outlive.tsfn, NULL, napi_tsfn_blocking) == napi_closing);
    CHECK_UINT(
        count(NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE, NCK_SEVERITY_ERROR) - errors, 1);
  }
  fake_runtime_keep_functions(NCK_NO);
}

// Aborted while another thread holds it: napi_closing is that thread's, also after the finalizer
// where the runtime keeps the function.
static void *test_abort(void *unused) {
  fake_runtime_keep_functions(NCK_YES);
  napi_env env = fake_env_new();
  napi_threadsafe_function tsfn = make(env, 2, finalized);
  uint64_t errors = count(NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE, NCK_SEVERITY_ERROR);
  n_finalized = 0;
  CHECK(napi_release_threadsafe_function(tsfn, napi_tsfn_abort) == napi_ok);
  fake_env_turn(env);
  CHECK_UINT(n_finalized, 1);
  CHECK(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_blocking) == napi_closing);
  CHECK_UINT(count(NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE, NCK_SEVERITY_ERROR) - errors,
             0);
  for (int i = 0; i < 8; i++) { // its record is freed meanwhile
    napi_threadsafe_function other = make(env, 1, finalized);
    CHECK(napi_release_threadsafe_function(other, napi_tsfn_release) == napi_ok);
    fake_env_turn(env);
  }
  CHECK(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_blocking) == napi_closing);
  CHECK_UINT(count(NCK_FINDING_THREADSAFE_FUNCTION_USE_AFTER_RELEASE, NCK_SEVERITY_ERROR) - errors,
             1);
  CHECK_UINT(counter(env, NCK_KIND_THREADSAFE_FUNCTION)->live, 0);
  fake_env_end(env);
  fake_runtime_keep_functions(NCK_NO);
  return unused;
}

// --- async work, promises, contexts ---

static uint64_t n_executed, n_completed;

static void work_execute(napi_env env, void *data) {
  (void)env, (void)data;
  __atomic_fetch_add(&n_executed, 1, __ATOMIC_RELAXED);
}

static void work_complete(napi_env env, napi_status status, void *data) {
  CHECK(status == napi_ok);
  CHECK(napi_delete_async_work(env, *(napi_async_work *)data) == napi_ok);
  free(data);
  __atomic_fetch_add(&n_completed, 1, __ATOMIC_RELAXED);
}

enum { WORKS = 200 };
static bool all_completed(void) { return n_completed == WORKS; }

static void *test_work(void *unused) {
  napi_env env = fake_env_new();
  uint64_t findings = count_all(), bytes = 0;
  for (int round = 0; round < 3; round++) {
    n_executed = n_completed = 0;
    for (int i = 0; i < WORKS; i++) {
      napi_async_work *work = malloc(sizeof *work);
      CHECK(napi_create_async_work(env, NULL, some_value(), work_execute, work_complete, work,
                                   work) == napi_ok);
      CHECK(napi_queue_async_work(env, *work) == napi_ok);
    }
    CHECK(fake_env_turn_until(env, all_completed));
    CHECK_UINT(n_executed, WORKS);
    if (round == 0)
      bytes = nck_held_bytes();
  }
  CHECK_UINT(nck_held_bytes(), bytes);
  CHECK_UINT(counter(env, NCK_KIND_ASYNC_WORK)->live, 0);
  CHECK_UINT(count_all() - findings, 0);
  // Used and deleted after its end.
  napi_async_work work;
  CHECK(napi_create_async_work(env, NULL, some_value(), work_execute, work_complete, &work,
                               &work) == napi_ok);
  CHECK(napi_delete_async_work(env, work) == napi_ok);
  (void)napi_queue_async_work(env, work);
  (void)napi_delete_async_work(env, work);
  CHECK_UINT(count(NCK_FINDING_ASYNC_WORK_USE_AFTER_DELETE, NCK_SEVERITY_ERROR), 2);
  napi_deferred deferred;
  napi_value promise;
  CHECK(napi_create_promise(env, &deferred, &promise) == napi_ok);
  CHECK(napi_resolve_deferred(env, deferred, some_value()) == napi_ok);
  CHECK(napi_reject_deferred(env, deferred, some_value()) == napi_invalid_arg);
  CHECK_UINT(count(NCK_FINDING_DEFERRED_SETTLED_TWICE, NCK_SEVERITY_ERROR), 1);
  napi_async_context context;
  CHECK(napi_async_init(env, NULL, some_value(), &context) == napi_ok);
  CHECK_UINT(counter(env, NCK_KIND_ASYNC_CONTEXT)->live, 1);
  CHECK(napi_async_destroy(env, context) == napi_ok);
  CHECK_UINT(counter(env, NCK_KIND_ASYNC_CONTEXT)->live, 0);
  fake_env_end(env);
  return unused;
}

// --- series ---

// Two call sites of one callback, the second a while after the first: the clock is asked now and
// then only, so the first object of the second site may be older than its site.
static void slow_complete(napi_env env, napi_status status, void *data) {
  napi_deferred deferred;
  napi_async_context context;
  napi_value promise;
  CHECK(status == napi_ok);
  CHECK(napi_create_promise(env, &deferred, &promise) == napi_ok);
  CHECK(napi_resolve_deferred(env, deferred, some_value()) == napi_ok);
  usleep(5000);
  CHECK(napi_async_init(env, NULL, some_value(), &context) == napi_ok);
  CHECK(napi_async_destroy(env, context) == napi_ok);
  CHECK(napi_delete_async_work(env, *(napi_async_work *)data) == napi_ok);
  n_completed++;
}

static bool one_completed(void) { return n_completed == 1; }

static void hook_ran(void *arg) { ++*(int *)arg; }

static void *test_series(void *unused) {
  napi_env env = fake_env_new();
  n_completed = 0;
  napi_async_work work;
  CHECK(napi_create_async_work(env, NULL, some_value(), work_execute, slow_complete, &work,
                               &work) == napi_ok);
  CHECK(napi_queue_async_work(env, work) == napi_ok);
  CHECK(fake_env_turn_until(env, one_completed));
  uint32_t now = nck_recorder_ms();
  for (uint64_t i = 1; i < nck_recorder.header->n_rows[NCK_TABLE_SITE]; i++) {
    const struct nck_series *series = &nck_recorder.series[nck_recorder.sites[i].series];
    // As coarse as its time asks for, and no coarser.
    CHECK(series->bucket_ms == 8 ||
          series->bucket_ms / 2 * NCK_SERIES_BUCKETS <= now - series->start_ms);
    CHECK(series->n_buckets >= 1 && series->n_buckets <= NCK_SERIES_BUCKETS);
  }
  fake_env_end(env);
  return unused;
}

static const struct nck_site *newest_site(enum nck_object_kind kind) {
  uint64_t i = nck_recorder.header->n_rows[NCK_TABLE_SITE] - 1;
  while (i > 0 && nck_recorder.sites[i].kind != kind)
    i--;
  return &nck_recorder.sites[i];
}

static const struct nck_series_bucket *last_bucket(const struct nck_site *site) {
  const struct nck_series *series = &nck_recorder.series[site->series];
  return &series->buckets[series->n_buckets - 1];
}

// What happens within a bucket stands in the site's row, and goes into the series with the first
// event after it; what a teardown releases stays out of it. False: the thread was kept waiting for
// so long that what belongs together did not fall into one bucket.
static bool try_buckets(void) {
  enum { N = 4 };
  napi_env env = fake_env_new();
  napi_async_context contexts[N];
  const struct nck_site *site = NULL;
  uint32_t ends[2] = {0, 0};
  bool is_good = true;
  for (int i = 0; i < N; i++) {
    CHECK(napi_async_init(env, NULL, some_value(), &contexts[i]) == napi_ok);
    site = newest_site(NCK_KIND_ASYNC_CONTEXT);
    if (i == 0)
      ends[0] = site->bucket_end;
  }
  is_good &= site->bucket_end == ends[0];
  CHECK(site->bucket_end != 0);
  CHECK_UINT(site->live, N);
  if (is_good)
    CHECK_UINT(site->most, N);
  const struct nck_series_bucket *first = last_bucket(site);
  usleep(30000);
  for (int i = 0; i < N; i++) {
    CHECK(napi_async_destroy(env, contexts[i]) == napi_ok);
    if (i > 0)
      continue;
    ends[1] = site->bucket_end;
    CHECK(ends[1] > ends[0]);
    if (is_good) {
      CHECK(last_bucket(site) > first);
      CHECK_UINT(first->last, N);
      CHECK_UINT(first->max, N);
      CHECK(first->n_events != 0);
      CHECK_UINT(site->least, N - 1);
      CHECK_UINT(site->most, N);
    }
  }
  is_good &= site->bucket_end == ends[1];
  if (is_good)
    CHECK_UINT(site->least, 0);

  static int hooks[N];
  memset(hooks, 0, sizeof hooks);
  for (int i = 0; i < N; i++)
    CHECK(napi_add_env_cleanup_hook(env, hook_ran, &hooks[i]) == napi_ok);
  site = newest_site(NCK_KIND_CLEANUP_HOOK);
  uint64_t n_before = site->released_at_teardown;
  CHECK_UINT(site->live, N);
  fake_env_end(env);
  CHECK_UINT(site->live, 0);
  CHECK_UINT(site->released_at_teardown, n_before + N);
  CHECK_UINT(site->bucket_end, 0);
  CHECK_UINT(last_bucket(site)->last, N);
  if (n_before == 0)
    CHECK_UINT(last_bucket(site)->min, 0);
  for (int i = 0; i < N; i++)
    CHECK_UINT(hooks[i], 1);
  return is_good;
}

static void *test_buckets(void *unused) {
  int n_tries = 0;
  while (n_tries++ < 50)
    if (try_buckets())
      return unused;
  CHECK(!"undisturbed once in 50 times");
  return unused;
}

// --- forks ---

#ifndef __SANITIZE_THREAD__ // knows no threads in the child of a fork
enum { FORKS = 60, FORK_SECONDS = 10 };
static bool stop_locking;

static void use_locks(unsigned i) {
  (void)nck_fate_find(1, i % 8, NCK_FATE_REF | NCK_STEP);
  (void)nck_profile_find((const void *)(uintptr_t)use_locks);
  nck_held_free(nck_held_alloc(32), 32);
}

static void *lock_often(void *unused) {
  for (unsigned i = 0; !__atomic_load_n(&stop_locking, __ATOMIC_RELAXED); i++)
    use_locks(i);
  return unused;
}

// What another thread is at when the process forks must not hold up the child.
static void test_forks(void) {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    CHECK(pthread_create(&threads[i], NULL, lock_often, NULL) == 0);
  int n_hung = 0;
  for (int i = 0; i < FORKS && n_hung == 0; i++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(FORK_SECONDS);
      use_locks(7);
      _exit(0);
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    n_hung += status != 0;
  }
  CHECK_UINT(n_hung, 0);
  __atomic_store_n(&stop_locking, true, __ATOMIC_RELAXED);
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
}
#else
static void test_forks(void) {}
#endif

// --- finalizers ---

static uint64_t n_freed;

static void free_it(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  n_freed++;
  free(data);
}

static void *test_ran_twice(void *unused) {
  napi_env env = fake_env_new();
  napi_value value;
  n_freed = 0;
  CHECK(napi_create_external(env, malloc(16), free_it, NULL, &value) == napi_ok);
  fake_env_collect(env);
  fake_env_turn(env);
  CHECK_UINT(n_freed, 1);
  CHECK_UINT(count(NCK_FINDING_FINALIZER_RAN_TWICE, NCK_SEVERITY_ERROR), 0);
  fake_env_finalize_again(env);
  // And once more when its record is another's.
  CHECK(napi_create_external(env, malloc(16), free_it, NULL, &value) == napi_ok);
  fake_env_finalize_again(env);
  CHECK_UINT(n_freed, 1);
  CHECK_UINT(count(NCK_FINDING_FINALIZER_RAN_TWICE, NCK_SEVERITY_ERROR), 2);
  fake_env_end(env);
  CHECK_UINT(n_freed, 2);
  return unused;
}

static void *test_never_ran(void *unused) {
  napi_env env = fake_env_new();
  static char data[3];
  napi_value value;
  for (int i = 0; i < 3; i++)
    CHECK(napi_create_external(env, &data[i], finalized, NULL, &value) == napi_ok);
  if (unused != NULL)
    fake_env_forget_finalizers(env);
  fake_env_end(env);
  return NULL;
}

static void hook(void *arg) { (void)arg; }

// A pointer that is handed over anew belongs to its new owner: equal addresses make no finding.
static char reused;
static void hand_over_anew(void *arg) {
  napi_value value;
  CHECK(napi_create_external(*(napi_env *)arg, &reused, finalized, NULL, &value) == napi_ok);
}

static void *test_equal_pointers(void *unused) {
  napi_env env = fake_env_new();
  static char data;
  napi_value value;
  uint64_t findings = count(NCK_FINDING_FINALIZER_AFTER_OWNER, NCK_SEVERITY_NOTE);
  uint64_t warnings = count(NCK_FINDING_FINALIZER_AFTER_OWNER, NCK_SEVERITY_WARNING);
  CHECK(napi_create_external(env, &data, finalized, NULL, &value) == napi_ok);
  CHECK(napi_add_env_cleanup_hook(env, hook, &data) == napi_ok);
  fake_env_end(env); // the hook first, then the finalizer of what is the hook's
  CHECK_UINT(count(NCK_FINDING_FINALIZER_AFTER_OWNER, NCK_SEVERITY_NOTE) - findings, 1);
  env = fake_env_new();
  CHECK(napi_add_env_cleanup_hook(env, hand_over_anew, &env) == napi_ok); // runs last
  CHECK(napi_add_env_cleanup_hook(env, hook, &reused) == napi_ok);
  n_finalized = 0;
  fake_env_end(env);
  CHECK_UINT(n_finalized, 1);
  CHECK_UINT(count(NCK_FINDING_FINALIZER_AFTER_OWNER, NCK_SEVERITY_NOTE) - findings, 1);
  // The finalizer's own data is a note; what its hint points to is somebody else's.
  CHECK_UINT(count(NCK_FINDING_FINALIZER_AFTER_OWNER, NCK_SEVERITY_WARNING) - warnings, 0);
  env = fake_env_new();
  CHECK(napi_create_external(env, NULL, finalized, &data, &value) == napi_ok);
  CHECK(napi_add_env_cleanup_hook(env, hook, &data) == napi_ok);
  fake_env_end(env);
  CHECK_UINT(count(NCK_FINDING_FINALIZER_AFTER_OWNER, NCK_SEVERITY_WARNING) - warnings, 1);
  return unused;
}

// Envs that live at the same time on threads of their own.
static void *live_as_worker(void *unused) {
  napi_env env = fake_env_new();
  for (int i = 0; i < 200; i++) {
    napi_threadsafe_function tsfn = make(env, 1, i % 2 ? finalized : NULL);
    CHECK(napi_call_threadsafe_function(tsfn, NULL, napi_tsfn_blocking) == napi_ok);
    CHECK(napi_release_threadsafe_function(tsfn, napi_tsfn_release) == napi_ok);
    napi_value value;
    CHECK(napi_create_external(env, &tsfn, finalized, NULL, &value) == napi_ok);
    napi_deferred deferred;
    CHECK(napi_create_promise(env, &deferred, &value) == napi_ok);
    CHECK(napi_resolve_deferred(env, deferred, some_value()) == napi_ok);
    if (i % 16 == 0)
      fake_env_collect(env);
    fake_env_turn(env);
  }
  fake_env_end(env);
  return unused;
}

// Functions that live as long as their worker leave nothing behind.
static napi_value callback(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  return NULL;
}
static void *make_functions(void *unused) {
  napi_env env = fake_env_new();
  static char data[2000];
  napi_value value;
  for (int i = 0; i < (int)sizeof data; i++)
    CHECK(napi_create_function(env, "f", 1, callback, &data[i], &value) == napi_ok);
  fake_env_end(env);
  return unused;
}
static void test_functions_of_workers(void) {
  size_t held = 0; // 2000 records are 250 KB
  for (int i = 0; i < 20; i++) {
    in_worker(make_functions, NULL);
    if (i == 3)
      held = nck_held_bytes();
  }
  CHECK_UINT(nck_held_bytes(), held);
}

static void test_workers(void) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    CHECK(pthread_create(&threads[i], NULL, live_as_worker, NULL) == 0);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
}

int main(int argc, char **argv) {
  char folder[] = "/tmp/napicheck-ledger-XXXXXX", record[128], options[256];
  if (argc > 1)
    n_calls = (unsigned)strtoul(argv[1], NULL, 10);
  CHECK(mkdtemp(folder) != NULL);
  snprintf(record, sizeof record, "%s/record", folder);
  snprintf(options, sizeof options, "record=%s:leak_check=none:js_stacks=off", record);
  setenv("NAPICHECK_OPTIONS", options, 1);
  if (!fake_runtime_start())
    return 2;
  in_worker(test_many_threads, NULL);
  in_worker(test_flat_memory, NULL);
  test_outlives_env(NCK_NO);
  test_outlives_env(NCK_YES);
  in_worker(test_abort, NULL);
  in_worker(test_work, NULL);
  in_worker(test_series, NULL);
  in_worker(test_buckets, NULL);
  test_forks();
  in_worker(test_ran_twice, NULL);
  in_worker(test_never_ran, NULL);
  CHECK_UINT(count(NCK_FINDING_FINALIZER_NEVER_RAN, NCK_SEVERITY_WARNING), 0);
  in_worker(test_never_ran, &n_calls);
  CHECK_UINT(count(NCK_FINDING_FINALIZER_NEVER_RAN, NCK_SEVERITY_WARNING), 3);
  in_worker(test_equal_pointers, NULL);
  test_functions_of_workers();
  test_workers();
  unlink(record);
  rmdir(folder);
  return CHECK_DONE();
}
