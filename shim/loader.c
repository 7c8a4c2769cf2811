// loader.c: addons as they come and go.
#define _GNU_SOURCE
#include "loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "ending.h"
#include "finding.h"
#include "forks.h"
#include "frame.h"
#include "interpose.h"
#include "loss.h"
#include "module.h"
#include "options.h"
#include "recorder.h"
#include "runtime.h"
#include "stack.h"
#include "unwind.h"
#include "user.h"

enum { THUNKS = 256 };

// An initialiser that an addon hands to the runtime: the runtime calls it with nothing that tells
// which one it is, at any time, again for every worker. So each has a function of ours of its own;
// the same address takes the same one again.
static napi_addon_register_func thunk_init[THUNKS];
static pthread_mutex_t thunk_lock =
    PTHREAD_MUTEX_INITIALIZER; // of thunk_init and modules; nests in nothing
NCK_FORKS_HOLD(thunk_lock)
static pthread_once_t started = PTHREAD_ONCE_INIT;

static napi_value init_run(napi_addon_register_func init, napi_env env, napi_value exports) {
  if (!nck_active || nck_recorder.header == NULL)
    return init(env, exports);
  int saved = errno;
  const void *address = (const void *)(uintptr_t)init;
  struct nck_env *state = nck_env_find(env);
  if (state == NULL || state->state != NCK_ENV_ALIVE || state->thread != nck_thread_current()) {
    state = nck_env_birth(env, nck_module_find((uintptr_t)address), NULL);
    if (state != NULL)
      state->row->birth_stack = nck_stack_single(address, true);
  }
  errno = saved;
  if (state == NULL || !state->watched)
    return init(env, exports);
  NCK_FRAME(frame);
  nck_frame_enter(&frame, state, NCK_FRAME_INIT, address);
  if (exports != NULL)
    exports = nck_value_tagged(exports, state->top_tag_bits);
  napi_value result = nck_value_in(state, init(env, exports), NCK_FN_napi_module_register, address);
  // Newer runtimes forget an exception when there is a result.
  return nck_tls.refused_by_throw ? NULL : result;
}

#define THUNK(i)                                                                                   \
  static napi_value thunk_##i(napi_env env, napi_value exports) {                                  \
    return init_run(thunk_init[0x##i], env, exports);                                              \
  }
// clang-format moves one item of such a list at every run.
// clang-format off
#define THUNKS_16(h)                                                                               \
  THUNK(h##0) THUNK(h##1) THUNK(h##2) THUNK(h##3) THUNK(h##4) THUNK(h##5) THUNK(h##6) THUNK(h##7)  \
  THUNK(h##8) THUNK(h##9) THUNK(h##a) THUNK(h##b) THUNK(h##c) THUNK(h##d) THUNK(h##e) THUNK(h##f)
#define ALL_THUNKS(m)                                                                              \
  m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(a) m(b) m(c) m(d) m(e) m(f)
ALL_THUNKS(THUNKS_16)
// clang-format on

#define NAMES_16(h)                                                                                \
  thunk_##h##0, thunk_##h##1, thunk_##h##2, thunk_##h##3, thunk_##h##4, thunk_##h##5,              \
      thunk_##h##6, thunk_##h##7, thunk_##h##8, thunk_##h##9, thunk_##h##a, thunk_##h##b,          \
      thunk_##h##c, thunk_##h##d, thunk_##h##e, thunk_##h##f,
static const napi_addon_register_func thunks[THUNKS] = {ALL_THUNKS(NAMES_16)};

static napi_addon_register_func thunk_for(napi_addon_register_func init) {
  napi_addon_register_func result = init;
  pthread_mutex_lock(&thunk_lock);
  for (int i = 0; i < THUNKS; i++) {
    if (thunk_init[i] == NULL)
      thunk_init[i] = init;
    if (thunk_init[i] == init) {
      result = thunks[i];
      break;
    }
  }
  pthread_mutex_unlock(&thunk_lock);
  return result; // without one left, the addon's own: its env is then born at its first call
}

static void fill_header(void) {
  struct nck_record_header *header = nck_recorder.header;
  size_t length = 0;
  for (int i = 0; i < NCK_N_FUNCTIONS; i++)
    length += strlen(nck_function_names[i]) + 1;
  char *names = nck_own_alloc(length), *at = names;
  if (names != NULL) {
    for (int i = 0; i < NCK_N_FUNCTIONS; i++) {
      size_t n = strlen(nck_function_names[i]);
      memcpy(at, nck_function_names[i], n);
      at += n;
      *at++ = '\n';
    }
    header->functions = nck_recorder_string(names, length - 1);
    nck_own_free(names, length);
  }
  header->n_watched = nck_interposed.n_found;
  if (nck_interposed.n_unknown > 0)
    header->unwatched = nck_recorder_string(nck_interposed.unknown, strlen(nck_interposed.unknown));
  const char *name = nck_runtime_name();
  header->runtime_name = nck_recorder_string(name, strlen(name));
}

// Older versions of libunwind open a pipe when they start, for a use that we make none of.
static int no_pipe(int fds[2], int flags) {
  (void)fds, (void)flags;
  errno = EMFILE;
  return -1;
}

static void start_unwinder(void) {
  const void *library = nck_unwind_load();
  if (library == NULL)
    return;
  nck_interpose_got(library, "pipe2", (void *)no_pipe, NULL);
  nck_unwind_start();
}

uint64_t nck_loader_constructor_ns;

// C++'s std::terminate calls abort from a library of its own, or from the runtime.
static void redirect_terminate(void) {
  static const void *redirected;
  const void *terminate = dlsym(RTLD_DEFAULT, "_ZSt9terminatev");
  if (terminate == NULL || terminate == __atomic_load_n(&redirected, __ATOMIC_RELAXED))
    return;
  __atomic_store_n(&redirected, terminate, __ATOMIC_RELAXED);
  nck_interpose_got(terminate, "abort", (void *)nck_ending_abort, NULL);
}

static void start_once(void) {
  int saved = errno;
  uint64_t begin_ns = nck_recorder_ns(); // counted from the epoch as long as there is no record
  if (nck_recorder_open()) {
    nck_interpose_find_unknown(); // modules are told by these names
    start_unwinder();
    nck_module_refresh();
    fill_header();
    nck_user_write();
    nck_ending_register();
    redirect_terminate();
    if (nck_options.verbosity >= 2)
      nck_say("version %s watches %s, %u functions intercepted, stacks by %s, record %s",
              NAPICHECK_VERSION, nck_runtime_name(), nck_interposed.n_found, nck_unwind_name(),
              nck_recorder_path());
    struct nck_record_header *header = nck_recorder.header;
    header->overhead_ns =
        nck_loader_constructor_ns + header->start_mono_ns + nck_recorder_ns() - begin_ns;
  } else {
    nck_active = false;
  }
  errno = saved;
}

void nck_loader_start(void) {
  if (nck_active)
    pthread_once(&started, start_once);
}

static void watch_module(const void *address) {
  struct nck_redirection rows[] = {
      {.name = "exit", .replacement = (void *)nck_ending_exit},
      {.name = "quick_exit", .replacement = (void *)nck_ending_quick_exit},
      {.name = "_exit", .replacement = (void *)nck_ending_underscore_exit},
      {.name = "abort", .replacement = (void *)nck_ending_abort},
      {.name = "__assert_fail", .replacement = (void *)nck_ending_assert_fail},
      NCK_ENDING_EXECS};
  nck_interpose_redirect(address, rows, sizeof rows / sizeof rows[0]);
  nck_loss_watch(address);
}

void *nck_loader_dlopen(const char *path, int flags) {
  if (flags & RTLD_DEEPBIND)
    nck_loss_stop();
  void *handle = dlopen(path, flags);
  if (handle != NULL && nck_active)
    nck_user_ask(handle);
  if (handle != NULL && nck_active && nck_recorder.header != NULL) {
    // dlerror's state is the runtime's to read only after a failure: there is none.
    nck_module_refresh();
    nck_ending_register();
    redirect_terminate();
  }
  return handle;
}

static __thread node_api_addon_get_api_version_func real_version
    __attribute__((tls_model("initial-exec")));

static int32_t version_trampoline(void) {
  int32_t version = real_version();
  nck_env_expect_version(version);
  return version;
}

void *nck_loader_dlsym(void *handle, const char *name) {
  void *symbol = dlsym(handle, name);
  if (symbol == NULL && name != NULL && nck_interposed.runtime != NCK_RUNTIME_NONE &&
      strcmp(name, "napi_register_module_v1") == 0 && nck_user_is_own(handle))
    return (void *)(uintptr_t)nck_user_init;
  if (symbol == NULL || !nck_active || name == NULL)
    return symbol;
  if (strcmp(name, "quick_exit") == 0) // Bun looks it up at its end, and has no slot for it
    return (void *)nck_ending_quick_exit;
  if (strcmp(name, "napi_register_module_v1") == 0) {
    nck_loader_start();
    nck_module_refresh();
    watch_module(symbol);
    nck_env_expect_version(8); // what a module that declares none gets
    return (void *)(uintptr_t)thunk_for((napi_addon_register_func)(uintptr_t)symbol);
  }
  if (strcmp(name, "node_api_module_get_api_version_v1") == 0) {
    real_version = (node_api_addon_get_api_version_func)(uintptr_t)symbol;
    return (void *)(uintptr_t)version_trampoline;
  }
  return symbol;
}

int nck_loader_dlclose(void *handle) {
  int result = dlclose(handle);
  if (nck_active && nck_recorder.header != NULL)
    nck_module_refresh();
  return result;
}

// The module's own structure stays as it is: the runtime gets a copy, kept for ever, once for each
// structure.
struct registered {
  const napi_module *given;
  napi_module copy;
  struct registered *next;
};

napi_module *nck_loader_register(napi_module *mod, const void *pc) {
  static struct registered *registered;
  if (!nck_active || mod == NULL || mod->nm_register_func == NULL)
    return mod;
  nck_loader_start();
  nck_module_refresh();
  watch_module(pc);
  napi_addon_register_func thunk = thunk_for(mod->nm_register_func);
  pthread_mutex_lock(&thunk_lock);
  struct registered *row = registered;
  while (row != NULL && row->given != mod)
    row = row->next;
  if (row == NULL && (row = nck_own_alloc(sizeof *row)) != NULL) {
    row->given = mod;
    row->next = registered;
    registered = row;
  }
  pthread_mutex_unlock(&thunk_lock);
  if (row == NULL)
    return mod;
  row->copy = *mod;
  row->copy.nm_register_func = thunk;
  return &row->copy;
}
