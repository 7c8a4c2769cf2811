// env.h: what we know of each napi_env, and the way from a napi_env to it.
//
// A napi_env is born in a module's initialiser (or at the first call seen with it), is CLEANING
// from the moment our cleanup hook runs (added first, so it runs after all of the addon's hooks and
// before the finalizers of objects), and ENDED when its thread ends, or when another env appears at
// its address. States of ended envs stay in memory, so a late call is recognised; there is one
// small block for each. Everything here belongs to the env's own thread, but for the look-up and
// the fields that say so.
#ifndef NAPICHECK_SHIM_ENV_H
#define NAPICHECK_SHIM_ENV_H

#include "api.h"
#include "recorder.h"

struct nck_frame;
struct nck_thread_state;
struct nck_hook;
struct nck_callback;
struct nck_wrap_key;
struct nck_owner;
struct nck_shared;
struct nck_finalizer;
struct nck_tsfn;
struct nck_orphans;
struct nck_closed_scopes;
struct nck_info;
struct nck_info_ring;

enum nck_scope_kind {
  NCK_SCOPE_OUTSIDE,
  NCK_SCOPE_FRAME,
  NCK_SCOPE_HANDLE,
  NCK_SCOPE_ESCAPABLE,
  NCK_SCOPE_CALLBACK
};

// One open scope. Scope 0 of an env is NCK_SCOPE_OUTSIDE: handles made outside any callback; it
// never closes.
struct nck_scope {
  uint64_t tag_bits; // tag << 48; 0 where handles are not tagged
  void *real;        // the runtime's scope
  const void *pc;    // who opened it
  uint64_t token;    // what the addon got; 0: nothing
  uint32_t n_handles;
  uint32_t next_look; // so many handles ask for a look at what makes them
  union {
    struct {
      uint8_t kind; // enum nck_scope_kind
      bool escaped;
      bool limit_said;
      bool noted;         // there was a look: `made_by` is set
      bool closed_abroad; // on another thread (wrong-thread-call)
    };
    uint64_t flags; // all of these, so that one store sets them
  };
  const void *made_by; // the call that made a handle when it was looked at
};

// Memory of externals made within one turn of the event loop, whose finalizers can only run in a
// later one. Of some, made late in a turn that makes very many, the values are watched by weak
// references.
enum { NCK_BACKLOG_SAMPLES = 16 };
struct nck_backlog {
  uint32_t turn; // of nck_record_header.n_turns
  uint32_t since_ms;
  uint64_t bytes, heap_bytes; // announced to the runtime; of the heap when it was looked at first
  uint32_t n_made, n_samples;
  napi_ref samples[NCK_BACKLOG_SAMPLES]; // the runtime's
};

enum { NCK_GLOBALS = 16 };

struct nck_env {
  napi_env env;
  struct nck_env_row *row; // in the record
  uint64_t top_tag_bits;   // of the innermost scope
  struct nck_scope *top;   // the innermost scope, in `scopes`
  struct nck_scope *last;  // the last that there is room for
  // NULL: the next frame is opened with care. Else `last`: while the innermost scope is below.
  struct nck_scope *quick_below;
  uint64_t calls_to_look; // with so many calls, that frame looks for a turn of the event loop
  bool tagged;
  bool watched;
  bool foreign;   // a stand-in used on a thread that is not the env's own: checks nothing, converts
                  // everything
  bool torn_down; // its cleanup hooks have run
  bool pending;   // a JavaScript exception was left pending by a call of this addon
  uint8_t may_answer; // what needs no question now: the runtime's last error is napi_ok for certain
  uint8_t state;      // enum nck_env_state; read on any thread
  uint32_t index;     // env row
  uint32_t module;
  struct nck_scope *scopes;
  uint32_t max_scopes;
  uint32_t next_serial;
  uint32_t n_opened_abroad; // scopes opened on another thread (wrong-thread-call)
  struct nck_thread_state *thread;
  napi_value constants[4];         // undefined, null, false, true: outlive their scope
  napi_value globals[NCK_GLOBALS]; // the last handles given out for global, tagged
  uint32_t next_global;
  uint32_t free_first, free_last,
      n_free;             // object slots waiting to be used again, first in first out
  const char *pending_by; // name of the call that left the exception
  uint32_t pending_stack;
  struct nck_hook *hooks;
  struct nck_callback *callbacks;           // by functions and data
  struct nck_finalizer *finalizers;         // that have not run
  struct nck_wrap_key *wraps;               // those of napi_wrap by data pointer
  struct nck_finalizer *free_finalizers;    // cleared, to be used again
  struct nck_wrap_key *free_wraps;          // to be used again
  struct nck_finalizer *instance_finalizer; // of the present instance data
  struct nck_backlog backlog;
  struct nck_shared *shared;               // memory behind live externals
  struct nck_tsfn *tsfn_first, *tsfn_last; // threadsafe functions that will be freed: calls_tsfn.c
  struct nck_owner *owners_gone;           // pointers whose owner was finalized
  struct nck_orphans *orphans;             // externals without a finalizer: orphan.c
  struct nck_announced *announced;         // napi_adjust_external_memory by call: calls_env.c
  uint32_t napi_version;
  uint16_t refused_function, refused_status; // the last call that failed in its teardown; 0: none
  void *loop;        // the env's uv_loop_t; NULL: none, or uv_now is not to be had
  uint64_t last_now; // its time at the last callback
  struct nck_env *next_on_thread;
  struct nck_env *next_in_bucket;
  struct nck_env *next_ended;
};

struct nck_thread_state {
  uint32_t row; // thread row of the record
  uint32_t serial;
  bool ended;
  bool scanned;         // the scan of its teardown was made
  bool tags_come_again; // so many scopes were opened on it
  uint32_t tid;
  struct nck_env *envs;        // that live on this thread
  uint64_t last_turn;          // its event loop's count of turns, as last counted
  struct nck_info_ring *infos; // as nck_tls.infos, for calls on other threads; NULL: none
};

// Where a thread's tags begin, by its serial number: as far from those of all others as can be.
static inline uint32_t nck_tag_first(const struct nck_thread_state *thread) {
  return thread->serial * 40503u;
}

// Per-thread state on the hot path. `state` is that of the last call's env, while this is alive,
// watched and of this thread.
struct nck_tls {
  // That env while a call with it needs no further look: one compare finds most calls to be
  // harmless. NCK_NO_ENV: look (no callback is running, or it is a finalizer, or there is
  // `trouble`).
  napi_env env;
  struct nck_env *state;
  struct nck_frame *frame; // the innermost callback of an addon on this thread
  union {
    struct {
      bool refused_by_throw; // on_error=throw left an exception
      bool exception_left;   // by a call with one of this thread's envs: `pending` of its state
    };
    uint16_t trouble; // 0: none of these
  };
  bool callback_ran;           // on this thread
  uint32_t next_tag, last_tag; // the last tag given out, and the last before one that is in use
  struct nck_closed_scopes *closed_scopes; // see scope.h
  struct nck_info *next_info;              // of infos, the next to be given out
  struct nck_info_ring *infos;             // see frame.h
  struct nck_thread_state *thread;
  // The time, as the last few events of this callback had it: they come in bursts.
  uint32_t recent_ms, n_recent;
  union {
    struct {
      uint32_t quiet;   // napicheck_disable nesting
      uint32_t n_inits; // initialisers of modules that are running on this thread
    };
    uint64_t marks; // 0: objects that are made have no flags from here
  };
};

// What the runtime would answer and is known here.
enum {
  NCK_KNOWS_CONSTANTS = 1, // of struct nck_env
  NCK_KNOWS_NUMBERS = 2,   // small integers: calls_table.c
  NCK_KNOWS_CALLS = 4      // napi_get_cb_info: calls_function.c
};
extern uint8_t nck_known NCK_HIDDEN_DATA; // seen in this runtime; any thread

// A call has cleared the runtime's last error.
static inline void nck_env_may_answer(struct nck_env *state) {
  if (state->constants[0] != NULL)
    state->may_answer = NCK_KNOWS_CONSTANTS | __atomic_load_n(&nck_known, __ATOMIC_RELAXED);
}

#define NCK_NO_ENV ((napi_env)UINTPTR_MAX) // no env has this address
extern __thread struct nck_tls nck_tls __attribute__((tls_model("initial-exec"))) NCK_HIDDEN_DATA;

// Two envs or more live on different threads: shared counters need atomics.
extern bool nck_many_threads NCK_HIDDEN_DATA;

extern bool nck_active NCK_HIDDEN_DATA; // false: forward everything untouched

#define NCK_REFUSED ((struct nck_env *)1)

// Finds the state for a call of `function` with `env` from `pc`. NULL: forward untouched.
// NCK_REFUSED: do not forward, answer napi_invalid_arg.
struct nck_env *nck_env_enter_slow(napi_env env, enum nck_function_id function, const void *pc);

#define NCK_PC __builtin_extract_return_addr(__builtin_return_address(0))

// First statement of every wrapper with an env: defines `state`.
#define NCK_ENTER(name)                                                                            \
  const void *pc = NCK_PC;                                                                         \
  struct nck_env *state;                                                                           \
  NCK_ENTER_FROM(NCK_FN_##name, pc)
#define NCK_ENTER_FROM(id, pc)                                                                     \
  state = nck_tls.state;                                                                           \
  if (NCK_LIKELY(nck_tls.env == env)) {                                                            \
    state->row->n_calls++;                                                                         \
  } else {                                                                                         \
    state = nck_env_enter_slow(env, id, pc);                                                       \
    if (NCK_UNLIKELY(state == NCK_REFUSED))                                                        \
      return nck_tls.refused_by_throw ? napi_pending_exception : napi_invalid_arg;                 \
  }                                                                                                \
  (void)0

// An env of another thread in which a scope of that tag is open now; NULL: none.
const struct nck_env *nck_env_with_open_tag(const struct nck_env *own, uint64_t tag_bits);

// Looks an env up without judging; NULL when unknown. Any thread.
struct nck_env *nck_env_find(napi_env env);

// A new env, first seen in an initialiser or at a call from `pc`. Returns its state, watched or
// not; NULL when blind.
struct nck_env *nck_env_birth(napi_env env, uint32_t module, const void *pc);

// The first cleanup hook of a thread's envs is about to run: from here on the addons let go of what
// they hold, so memory is searched now, once for all envs of the thread. A reference that a hook
// holds, or whose holder is freed last of all, is no leak. The env's own thread.
void nck_env_teardown_begins(struct nck_env *state);

// The addon calls napi_fatal_error from `pc`: the abort that follows is the runtime's.
void nck_env_note_fatal(const void *pc);

// This thread's state; made on first use. NULL when blind.
struct nck_thread_state *nck_thread_current(void);

// Counts the turn of the event loop that runs now, when it is another than the last one counted. A
// callback looks at the loop's time alone, which libuv moves once a turn, if a millisecond has
// passed; where objects are made the loop's own count is asked. Where the loop has a count, no turn
// is lost by asking late: once in many calls or callbacks is enough.
extern uint64_t (*nck_uv_now)(const void *loop);
void nck_env_count_turn_slow(struct nck_env *state);
void nck_env_look_for_turn(struct nck_env *state, bool is_outermost);

// The next frame of each env of this thread looks.
void nck_env_ask_for_looks(void);

// Looks at the values of the env's live references: are weak ones dead, what do they hold? Runs no
// JavaScript. Node alone. The env's own thread, before a search of memory.
void nck_reference_examine(struct nck_env *state);

// Drops the records of an env's callbacks. The env is gone: nothing calls them any more.
void nck_callbacks_drop(struct nck_env *state);

// The version of Node-API that the module being initialised declared (loader.c tells).
void nck_env_expect_version(int32_t version);

// Number of envs with that state, for tests of the books.
void nck_thread_name(uint32_t thread_row, char *buffer, size_t bytes);

static inline void nck_counter_created(struct nck_counter *counter) {
  counter->created++;
  if (++counter->live > counter->peak)
    counter->peak = counter->live;
}
static inline void nck_counter_released(struct nck_counter *counter) {
  counter->released++;
  if (counter->live > 0)
    counter->live--;
}

#endif
