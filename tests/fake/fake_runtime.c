// fake_runtime.c: a Node-API runtime in plain C.
#define _GNU_SOURCE
#include "fake_runtime.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ending.h"
#include "env.h"
#include "finding.h"
#include "frame.h"
#include "loader.h"
#include "loss.h"
#include "module.h"
#include "options.h"
#include "recorder.h"
#include "scan.h"
#include "stack.h"
#include "user.h"

struct napi_async_work__ {
  napi_env env;
  napi_async_execute_callback execute;
  napi_async_complete_callback complete;
  void *data;
  pthread_t thread;
  bool done; // under the env's lock
  struct napi_async_work__ *next;
};

struct item {
  void *data;
  struct item *next;
};

struct napi_threadsafe_function__ {
  napi_env env;
  pthread_mutex_t lock; // of all below
  size_t n_threads;
  bool closing, finalized;
  struct item *first, **last;
  void *context, *finalize_data;
  napi_finalize finalize;
  napi_threadsafe_function_call_js call_js;
  struct napi_threadsafe_function__ *next;
};

struct hook {
  napi_cleanup_hook fun;
  void *arg;
  struct hook *next;
};

struct finalizer {
  napi_finalize cb;
  void *data, *hint;
  bool garbage;
  struct finalizer *next;
};

struct napi_env__ {
  struct napi_env__ *next; // of all
  pthread_mutex_t lock;    // of works
  struct napi_async_work__ *works;
  struct napi_threadsafe_function__ *tsfns;
  struct hook *hooks; // the last first
  struct finalizer *finalizers;
  struct finalizer last_run, instance;
};

struct nck_real nck_real;
static enum nck_answer keeps = NCK_NO;
static struct napi_env__ *envs; // kept for ever
static uint32_t the_module;     // runtime, addon and library in one

// --- the parts of the library that a test has no use for ---

const char *nck_runtime_name(void) { return "fake"; }
bool nck_runtime_values_are_boxed(void) { return true; }
bool nck_runtime_has_uv(void) { return true; }
bool nck_runtime_finalizes_first(void) { return false; }
void nck_runtime_learn(napi_env env) { (void)env; }
enum nck_answer nck_runtime_keeps_functions(void) { return keeps; }
void nck_loader_start(void) {}
void nck_loss_settle(void) {}
napi_module *nck_loader_register(napi_module *mod, const void *pc) { return (void)pc, mod; }
uint32_t nck_js_stack_capture(struct nck_env *state) { return (void)state, 0; }
uint32_t nck_js_class_name(napi_env env, napi_value value) { return (void)env, (void)value, 0; }
void nck_ending_worker(uint32_t thread) { (void)thread; }
int nck_ending_report(enum nck_end how, int code) { return (void)how, code; }
bool nck_ending_is_over(void) { return false; }
void nck_ending_hold_termination(void) {}
void nck_ending_release_termination(bool reported) { (void)reported; }
void nck_user_forget(const struct nck_thread_state *thread) { (void)thread; }
uint32_t nck_module_find(uintptr_t address) { return (void)address, the_module; }
uint64_t nck_module_frame(uintptr_t address, bool exact) {
  return NCK_FRAME_MAKE(the_module, address) | (exact ? NCK_FRAME_EXACT : 0);
}
void nck_module_mark_addon(uint32_t module) { (void)module; }
void nck_scan_note_reachable(const void *start) { (void)start; }

bool nck_scan_run(bool (*wanted)(uint32_t object, void *arg), void *arg, const void *sp) {
  return (void)wanted, (void)arg, (void)sp, true;
}

bool nck_scan_blocks(const struct nck_range *blocks, size_t n, bool *is_found, const void *sp) {
  return (void)blocks, (void)n, (void)is_found, (void)sp, false;
}

// A stack is its innermost frame.
uint32_t nck_stack_single(const void *address, bool exact) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static struct {
    uint64_t frame;
    uint32_t stack;
  } known[512];
  uint64_t frame = nck_module_frame((uintptr_t)address, exact);
  uint32_t stack = 0;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < sizeof known / sizeof *known && stack == 0; i++) {
    if (known[i].stack == 0) {
      known[i].frame = frame;
      known[i].stack = nck_recorder_append(NCK_TABLE_STACK, 2);
      nck_recorder.stacks[known[i].stack] = 1;
      nck_recorder.stacks[known[i].stack + 1] = frame;
    }
    if (known[i].frame == frame)
      stack = known[i].stack;
  }
  pthread_mutex_unlock(&lock);
  return stack;
}
uint32_t nck_stack_capture(const void *pc, const void *limit) {
  return (void)limit, nck_stack_single(pc, false);
}
uint32_t nck_module_epoch_now;
// A stack that was captured is known from then on.
__thread struct nck_thread_walks nck_thread_walks;
uint32_t nck_stack_capture_at(const void *frame, const void *limit) {
  static __thread struct nck_walk walks[NCK_N_WALKS];
  uintptr_t pc = ((const uintptr_t *)frame)[1], span = (uintptr_t)limit - (uintptr_t)frame;
  uint32_t stack = nck_stack_capture((const void *)pc, limit);
  *nck_walk_find(walks, pc, span) =
      (struct nck_walk){.pc = pc, .span = (uint32_t)span, .known = {.stack = stack}};
  nck_thread_walks.walks = walks;
  nck_thread_walks.epoch = nck_module_epoch();
  return stack;
}
uintptr_t nck_stack_outside(void) { return 0; }
void nck_stack_thread_end(void) {}

// --- async work: a thread for each time that it is queued ---

static napi_status create_async_work(napi_env env, napi_value resource, napi_value name,
                                     napi_async_execute_callback execute,
                                     napi_async_complete_callback complete, void *data,
                                     napi_async_work *result) {
  (void)resource, (void)name;
  struct napi_async_work__ *work = calloc(1, sizeof *work);
  work->env = env;
  work->execute = execute;
  work->complete = complete;
  work->data = data;
  *result = work;
  return napi_ok;
}

static napi_status delete_async_work(napi_env env, napi_async_work work) {
  (void)env;
  free(work);
  return work != NULL ? napi_ok : napi_invalid_arg;
}

static void *execute(void *arg) {
  struct napi_async_work__ *work = arg;
  napi_env env = work->env;
  work->execute(env, work->data);
  pthread_mutex_lock(&env->lock);
  work->done = true;
  pthread_mutex_unlock(&env->lock);
  return NULL;
}

static napi_status queue_async_work(napi_env env, napi_async_work work) {
  if (work == NULL)
    return napi_invalid_arg;
  pthread_mutex_lock(&env->lock);
  work->done = false;
  work->next = env->works;
  env->works = work;
  pthread_mutex_unlock(&env->lock);
  return pthread_create(&work->thread, NULL, execute, work) == 0 ? napi_ok : napi_generic_failure;
}

static napi_status cancel_async_work(napi_env env, napi_async_work work) {
  (void)env, (void)work;
  return napi_generic_failure; // it runs already
}

static void complete_works(napi_env env) {
  for (;;) {
    pthread_mutex_lock(&env->lock);
    struct napi_async_work__ **link = &env->works, *work;
    while (*link != NULL && !(*link)->done)
      link = &(*link)->next;
    if ((work = *link) != NULL)
      *link = work->next;
    pthread_mutex_unlock(&env->lock);
    if (work == NULL)
      return;
    pthread_join(work->thread, NULL);
    work->complete(env, napi_ok, work->data);
  }
}

// --- threadsafe functions ---

static napi_status create_threadsafe_function(napi_env env, napi_value func, napi_value resource,
                                              napi_value name, size_t max_queue_size,
                                              size_t n_threads, void *finalize_data,
                                              napi_finalize finalize, void *context,
                                              napi_threadsafe_function_call_js call_js,
                                              napi_threadsafe_function *result) {
  (void)func, (void)resource, (void)name, (void)max_queue_size;
  struct napi_threadsafe_function__ *tsfn = calloc(1, sizeof *tsfn);
  pthread_mutex_init(&tsfn->lock, NULL);
  tsfn->env = env;
  tsfn->n_threads = n_threads;
  tsfn->last = &tsfn->first;
  tsfn->context = context;
  tsfn->finalize_data = finalize_data;
  tsfn->finalize = finalize;
  tsfn->call_js = call_js;
  tsfn->next = env->tsfns;
  env->tsfns = tsfn;
  *result = tsfn;
  return napi_ok;
}

// Under its lock. The queue is empty by then.
static void unlock_and_perhaps_free(struct napi_threadsafe_function__ *tsfn) {
  bool over = tsfn->finalized && (tsfn->n_threads == 0 || keeps == NCK_NO);
  pthread_mutex_unlock(&tsfn->lock);
  if (!over)
    return;
  pthread_mutex_destroy(&tsfn->lock);
  free(tsfn);
}

static napi_status call_threadsafe_function(napi_threadsafe_function tsfn, void *data,
                                            napi_threadsafe_function_call_mode mode) {
  (void)mode;
  napi_status status = napi_ok;
  pthread_mutex_lock(&tsfn->lock);
  if (tsfn->closing) {
    status = tsfn->n_threads == 0 ? napi_invalid_arg : napi_closing;
    tsfn->n_threads -= tsfn->n_threads > 0;
  } else {
    struct item *item = malloc(sizeof *item);
    *item = (struct item){data, NULL};
    *tsfn->last = item;
    tsfn->last = &item->next;
  }
  unlock_and_perhaps_free(tsfn);
  return status;
}

static napi_status acquire_threadsafe_function(napi_threadsafe_function tsfn) {
  pthread_mutex_lock(&tsfn->lock);
  napi_status status = tsfn->closing ? napi_closing : napi_ok;
  tsfn->n_threads += status == napi_ok;
  pthread_mutex_unlock(&tsfn->lock);
  return status;
}

static napi_status release_threadsafe_function(napi_threadsafe_function tsfn,
                                               napi_threadsafe_function_release_mode mode) {
  pthread_mutex_lock(&tsfn->lock);
  napi_status status = tsfn->n_threads == 0 ? napi_invalid_arg : napi_ok;
  tsfn->n_threads -= tsfn->n_threads > 0;
  tsfn->closing |= status == napi_ok && mode == napi_tsfn_abort;
  unlock_and_perhaps_free(tsfn);
  return status;
}

static napi_status get_threadsafe_function_context(napi_threadsafe_function tsfn, void **result) {
  *result = tsfn->context;
  return napi_ok;
}

static napi_status keep_loop(napi_env env, napi_threadsafe_function tsfn) {
  return (void)env, (void)tsfn, napi_ok;
}

static struct item *take_item(struct napi_threadsafe_function__ *tsfn) {
  struct item *item = tsfn->first;
  if (item != NULL && (tsfn->first = item->next) == NULL)
    tsfn->last = &tsfn->first;
  return item;
}

static void deliver(struct napi_threadsafe_function__ *tsfn, napi_env env, struct item *item) {
  if (tsfn->call_js != NULL)
    tsfn->call_js(env, NULL, tsfn->context, item->data);
  free(item);
}

static void finalize_tsfn(struct napi_threadsafe_function__ *tsfn) {
  napi_env env = tsfn->env;
  struct napi_threadsafe_function__ **link = &env->tsfns;
  while (*link != tsfn)
    link = &(*link)->next;
  *link = tsfn->next;
  if (tsfn->finalize != NULL)
    tsfn->finalize(env, tsfn->finalize_data, tsfn->context);
  struct item *item;
  pthread_mutex_lock(&tsfn->lock);
  while ((item = take_item(tsfn)) != NULL)
    deliver(tsfn, NULL, item);
  tsfn->finalized = true;
  unlock_and_perhaps_free(tsfn);
}

static void dispatch(struct napi_threadsafe_function__ *tsfn) {
  for (;;) {
    pthread_mutex_lock(&tsfn->lock);
    struct item *item = tsfn->closing ? NULL : take_item(tsfn);
    bool over = item == NULL && (tsfn->closing || tsfn->n_threads == 0);
    tsfn->closing |= over;
    pthread_mutex_unlock(&tsfn->lock);
    if (over)
      finalize_tsfn(tsfn);
    if (item == NULL)
      return;
    deliver(tsfn, tsfn->env, item);
  }
}

// --- what has no life of its own ---

static napi_status create_promise(napi_env env, napi_deferred *deferred, napi_value *promise) {
  (void)env;
  *deferred = malloc(1);
  *promise = (napi_value)(uintptr_t)0x1000;
  return napi_ok;
}

static napi_status settle_deferred(napi_env env, napi_deferred deferred, napi_value value) {
  (void)env, (void)value;
  free(deferred);
  return napi_ok;
}

static napi_status async_init(napi_env env, napi_value resource, napi_value name,
                              napi_async_context *result) {
  (void)env, (void)resource, (void)name;
  *result = malloc(1);
  return napi_ok;
}

static napi_status async_destroy(napi_env env, napi_async_context context) {
  (void)env;
  free(context);
  return context != NULL ? napi_ok : napi_invalid_arg;
}

static napi_status add_hook(napi_env env, napi_cleanup_hook fun, void *arg) {
  struct hook *hook = malloc(sizeof *hook);
  *hook = (struct hook){fun, arg, env->hooks};
  env->hooks = hook;
  return napi_ok;
}

static napi_status remove_hook(napi_env env, napi_cleanup_hook fun, void *arg) {
  for (struct hook **link = &env->hooks; *link != NULL; link = &(*link)->next) {
    struct hook *hook = *link;
    if (hook->fun == fun && hook->arg == arg) {
      *link = hook->next;
      free(hook);
      break;
    }
  }
  return napi_ok;
}

static napi_status create_external(napi_env env, void *data, napi_finalize finalize, void *hint,
                                   napi_value *result) {
  *result = (napi_value)data;
  if (finalize == NULL)
    return napi_ok;
  struct finalizer *finalizer = malloc(sizeof *finalizer);
  *finalizer = (struct finalizer){finalize, data, hint, false, env->finalizers};
  env->finalizers = finalizer;
  return napi_ok;
}

static napi_status create_function(napi_env env, const char *name, size_t length, napi_callback cb,
                                   void *data, napi_value *result) {
  static char function;
  (void)env, (void)name, (void)length, (void)cb, (void)data;
  *result = (napi_value)&function;
  return napi_ok;
}

static napi_status set_instance_data(napi_env env, void *data, napi_finalize finalize, void *hint) {
  env->instance = (struct finalizer){.cb = finalize, .data = data, .hint = hint};
  return napi_ok;
}

static napi_status set_property(napi_env env, napi_value object, napi_value key, napi_value value) {
  (void)env, (void)key, (void)value;
  return object == NULL ? napi_invalid_arg : napi_ok;
}

static napi_status get_undefined(napi_env env, napi_value *result) {
  (void)env;
  *result = (napi_value)(uintptr_t)0x3000;
  return napi_ok;
}

static napi_status handle_scope(napi_env env, napi_handle_scope *scope) {
  *scope = (napi_handle_scope)env;
  return napi_ok;
}

static napi_status close_scope(napi_env env, napi_handle_scope scope) {
  return (void)env, (void)scope, napi_ok;
}

static void run_finalizers(napi_env env, bool all) {
  for (struct finalizer **link = &env->finalizers; *link != NULL;) {
    struct finalizer *finalizer = *link;
    if (!finalizer->garbage && !all) {
      link = &finalizer->next;
      continue;
    }
    *link = finalizer->next;
    env->last_run = *finalizer;
    free(finalizer);
    env->last_run.cb(env, env->last_run.data, env->last_run.hint);
  }
}

// --- envs ---

bool fake_runtime_start(void) {
  nck_real.napi_create_async_work = create_async_work;
  nck_real.napi_delete_async_work = delete_async_work;
  nck_real.napi_queue_async_work = queue_async_work;
  nck_real.napi_cancel_async_work = cancel_async_work;
  nck_real.napi_create_threadsafe_function = create_threadsafe_function;
  nck_real.napi_call_threadsafe_function = call_threadsafe_function;
  nck_real.napi_acquire_threadsafe_function = acquire_threadsafe_function;
  nck_real.napi_release_threadsafe_function = release_threadsafe_function;
  nck_real.napi_get_threadsafe_function_context = get_threadsafe_function_context;
  nck_real.napi_ref_threadsafe_function = nck_real.napi_unref_threadsafe_function = keep_loop;
  nck_real.napi_create_promise = create_promise;
  nck_real.napi_resolve_deferred = nck_real.napi_reject_deferred = settle_deferred;
  nck_real.napi_async_init = async_init;
  nck_real.napi_async_destroy = async_destroy;
  nck_real.napi_add_env_cleanup_hook = add_hook;
  nck_real.napi_remove_env_cleanup_hook = remove_hook;
  nck_real.napi_create_external = create_external;
  nck_real.napi_create_function = create_function;
  nck_real.napi_set_instance_data = set_instance_data;
  nck_real.napi_set_property = set_property;
  nck_real.napi_get_undefined = get_undefined;
  nck_real.napi_open_handle_scope = handle_scope;
  nck_real.napi_close_handle_scope = close_scope;
  nck_options_read(NULL, getenv("NAPICHECK_OPTIONS"), true);
  nck_active = nck_recorder_open();
  if (nck_active)
    the_module = nck_recorder_append(NCK_TABLE_MODULE, 1);
  return nck_active;
}

void fake_runtime_keep_functions(enum nck_answer answer) { keeps = answer; }

napi_env fake_env_new(void) {
  napi_env env = calloc(1, sizeof *env);
  pthread_mutex_init(&env->lock, NULL);
  env->next = __atomic_load_n(&envs, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&envs, &env->next, env, false, __ATOMIC_RELEASE,
                                      __ATOMIC_RELAXED))
    ;
  nck_env_birth(env, the_module, (const void *)(uintptr_t)fake_env_new);
  return env;
}

void fake_env_turn(napi_env env) {
  complete_works(env);
  for (struct napi_threadsafe_function__ *tsfn = env->tsfns, *next; tsfn != NULL; tsfn = next) {
    next = tsfn->next;
    dispatch(tsfn);
  }
  run_finalizers(env, false);
}

bool fake_env_turn_until(napi_env env, bool (*condition)(void)) {
  for (int i = 0; i < 60000 && !condition(); i++) {
    struct timespec moment = {.tv_nsec = 1000000};
    fake_env_turn(env);
    nanosleep(&moment, NULL);
  }
  return condition();
}

void fake_env_collect(napi_env env) {
  for (struct finalizer *finalizer = env->finalizers; finalizer != NULL;
       finalizer = finalizer->next)
    finalizer->garbage = true;
}

void fake_env_finalize_again(napi_env env) {
  env->last_run.cb(env, env->last_run.data, env->last_run.hint);
}

void fake_env_forget_finalizers(napi_env env) {
  while (env->finalizers != NULL) {
    struct finalizer *finalizer = env->finalizers;
    env->finalizers = finalizer->next;
    free(finalizer);
  }
}

// The env's memory stays: a late call may come with it.
void fake_env_end(napi_env env) {
  for (struct hook *hook; (hook = env->hooks) != NULL;) {
    env->hooks = hook->next;
    hook->fun(hook->arg);
    free(hook);
  }
  while (env->tsfns != NULL) {
    struct napi_threadsafe_function__ *tsfn = env->tsfns;
    pthread_mutex_lock(&tsfn->lock);
    tsfn->closing = true;
    pthread_mutex_unlock(&tsfn->lock);
    finalize_tsfn(tsfn);
  }
  run_finalizers(env, true);
  if (env->instance.cb != NULL)
    env->instance.cb(env, env->instance.data, env->instance.hint);
}
