// frame.h: callbacks of addons that are running, one frame of ours for each, innermost first, in a
// list through the stack.
//
// A frame is entered before the addon's function is called and left after it returned, also when a
// C++ exception or a thread's cancellation passes through (cleanup attribute, -fexceptions).
#ifndef NAPICHECK_SHIM_FRAME_H
#define NAPICHECK_SHIM_FRAME_H

#include "scope.h"

enum nck_frame_kind {
  NCK_FRAME_CALLBACK,
  NCK_FRAME_INIT,
  NCK_FRAME_FINALIZER,
  NCK_FRAME_EXECUTE, // on a thread of the pool
  NCK_FRAME_COMPLETE,
  NCK_FRAME_CALL_JS,
  NCK_FRAME_HOOK
};

// What stands behind the second word of a napi_callback_info.
struct nck_bundle {
  napi_env env;
  void *data;
};

// What an addon gets as napi_callback_info: one of a ring of these, so that an info that is used
// after its callback has returned is told from the infos of the next 254 callbacks. A thread has as
// many rings as its callbacks in one another want. An info is readable memory, and its second word
// leads to the env and the data, because koffi reads those there (src/koffi/src/call.cc,
// TranslateZeroCall) when the runtime's layout lets it.
struct nck_info {
  napi_callback_info real; // NULL: not in use
  struct nck_bundle *bundle;
};

enum { NCK_INFOS = 255 };
struct nck_info_ring {
  struct nck_info infos[NCK_INFOS], end; // which is never given out, and looks as if it were in use
  struct nck_info_ring *next;            // read on any thread
};
#define NCK_NO_INFO ((napi_callback_info)UINTPTR_MAX) // no info has this address

struct nck_frame {
  struct nck_frame *outer;
  struct nck_env *state; // NULL: none (a call_js_cb after the env ended)
  const void *user_cb;   // the addon's function
  union {
    struct {
      uint8_t kind;         // enum nck_frame_kind
      bool runs;            // the addon's function
      bool collects;        // a finalizer of a value that was collected
      bool basic;           // a finalizer that must not touch the garbage collector
      bool no_js;           // a finalizer: never run JavaScript here
      bool turn_is_counted; // see object.c
    };
    uint64_t flags; // all of these, so that one store sets them
  };
  struct nck_scope *scope; // its own; NULL: it has none
  uint64_t tag_bits;       // of that: the arguments of a callback live with it
  uint32_t queued_stack;   // for NCK_FRAME_EXECUTE
  // For NCK_FRAME_CALLBACK: its record and its info.
  void *callback; // struct nck_callback
  struct nck_info *info;
};

static inline bool nck_frame_finalizes(void) {
  return nck_tls.frame != NULL && nck_tls.frame->kind == NCK_FRAME_FINALIZER;
}

// Switches the tls cache to a state (NULL: none).
static inline void nck_env_select(struct nck_env *state) {
  bool known = state != NULL && !state->foreign;
  nck_tls.state = known ? state : NULL;
  nck_tls.env = known && nck_tls.trouble == 0 && nck_tls.frame != NULL &&
                        nck_tls.frame->kind != NCK_FRAME_FINALIZER
                    ? state->env
                    : NCK_NO_ENV;
}

// Enters a frame for `state` (own thread, alive or cleaning; NULL allowed).
void nck_frame_enter(struct nck_frame *frame, struct nck_env *state, enum nck_frame_kind kind,
                     const void *user_cb);

// Can that of a callback be entered without a call of another function?
static inline bool nck_frame_may_enter_at_once(const struct nck_env *state) {
  return NCK_LIKELY(state->top < state->quick_below && nck_tls.trouble == 0 &&
                    nck_tls.next_tag != nck_tls.last_tag);
}

static inline __attribute__((always_inline)) void
nck_frame_enter_at_once(struct nck_frame *frame, struct nck_env *state, const void *user_cb) {
  frame->outer = nck_tls.frame;
  frame->state = state;
  frame->user_cb = user_cb;
  frame->flags = 0;
  frame->kind = NCK_FRAME_CALLBACK;
  frame->runs = true;
  frame->tag_bits = nck_tag_next();
  frame->scope = nck_scope_enter(state, NCK_SCOPE_FRAME, user_cb, frame->tag_bits);
  nck_tls.frame = frame;
  nck_tls.state = state;
  nck_tls.env = state->env;
}

// Scopes that the callback left open: says so, and pops them all. Or it closed ours.
void nck_frame_settle(struct nck_frame *frame);

// Leaves a frame whose scope has been closed.
static inline void nck_frame_end(const struct nck_frame *frame) {
  struct nck_frame *outer = frame->outer;
  nck_tls.frame = outer;
  nck_tls.env = NCK_NO_ENV;
  if (NCK_UNLIKELY(nck_tls.trouble != 0)) {
    nck_tls.refused_by_throw = false;
    if (frame->state != NULL)
      frame->state->pending = false;
  }
  if (outer != NULL)
    nck_env_select(outer->state);
}

// Checks what the callback left open, closes the frame. A cleanup handler: see NCK_FRAME.
static inline void nck_frame_leave(struct nck_frame *frame) {
  struct nck_env *state = frame->state;
  if (state != NULL) {
    if (NCK_LIKELY(state->top == frame->scope))
      nck_scope_pop_bare(state, frame->user_cb);
    else
      nck_frame_settle(frame);
  }
  if (frame->info != NULL)
    frame->info->real = NULL;
  if (NCK_UNLIKELY(frame->kind == NCK_FRAME_INIT))
    nck_tls.n_inits--;
  nck_frame_end(frame);
}

// The cleanup runs where the process has libgcc_s (any program with C++ in it); where it has not,
// nothing can be thrown through us. Weak, so that this library needs nothing but libc at load time.
__asm__(".weak _Unwind_Resume\n.weak __gcc_personality_v0");

// The next statement has to begin it.
#define NCK_FRAME(name) struct nck_frame name __attribute__((cleanup(nck_frame_leave)))

// The limit up to which native stacks are the addon's.
static inline const void *nck_frame_limit(void) { return nck_tls.frame; }

// The stack of the running call, in the wrapper itself: nck_finding_stack, but cheaper.
#define nck_stack_here() nck_stack_capture_at(__builtin_frame_address(0), nck_frame_limit())

#define nck_stack_known_here() nck_stack_known(__builtin_frame_address(0), nck_frame_limit())

// Inside a finalizer: judges a call of a function that may touch the garbage collector
// (finalizer-gc-unsafe). True: the call is not to be forwarded, because on_error=throw left an
// exception.
bool nck_frame_refuses(struct nck_env *state, enum nck_function_id function, const void *pc);

// Frees what the thread, which is the running one, keeps for its frames.
void nck_frame_thread_end(struct nck_thread_state *thread);

// The same without the rest of that check, for functions that cannot be refused.
void nck_frame_check_gc(struct nck_env *state, enum nck_function_id function, const void *pc);
#define NCK_CHECK_GC(state, function, pc)                                                          \
  do {                                                                                             \
    if (NCK_UNLIKELY(nck_tls.env != (state)->env) && nck_frame_finalizes())                        \
      nck_frame_check_gc(state, function, pc);                                                     \
  } while (0)

// Last check before the runtime is called by a function of class ENV_THREAD.
#define NCK_REFUSES(state, function, pc)                                                           \
  (NCK_UNLIKELY(nck_tls.env != (state)->env) && nck_frame_refuses(state, function, pc))
#define NCK_BEFORE_REAL(state, function, pc)                                                       \
  do {                                                                                             \
    if (NCK_REFUSES(state, function, pc))                                                          \
      return napi_pending_exception;                                                               \
  } while (0)

// What a function answers that has no such check, after a finding: `status`, but where
// on_error=throw left an exception.
static inline napi_status nck_frame_answer(napi_status status) {
  if (NCK_LIKELY(!nck_tls.refused_by_throw))
    return status;
  nck_tls.refused_by_throw = false;
  return napi_pending_exception;
}

// True while a module initialises on this thread.
static inline bool nck_frame_in_init(void) { return nck_tls.n_inits != 0; }

// An info that is not in use. NULL: no memory.
struct nck_info *nck_frame_find_info(void);

// The one for the next callback. NULL: no memory.
static inline struct nck_info *nck_info_take(void) {
  struct nck_info *info = nck_tls.next_info;
  if (NCK_UNLIKELY(info == NULL || info->real != NULL) && (info = nck_frame_find_info()) == NULL)
    return NULL;
  nck_tls.next_info = info + 1;
  return info;
}

// Turns the addon's napi_callback_info back. NULL: not one of ours. Its `real` is NULL when the
// callback it belonged to has returned.
static inline struct nck_info *nck_frame_info(const struct nck_info_ring *ring,
                                              napi_callback_info given) {
  for (; ring != NULL; ring = __atomic_load_n(&ring->next, __ATOMIC_ACQUIRE)) {
    uintptr_t offset = (uintptr_t)given - (uintptr_t)ring;
    if (NCK_LIKELY(offset < NCK_INFOS * sizeof(struct nck_info)))
      return offset % sizeof(struct nck_info) == 0 ? (struct nck_info *)(void *)given : NULL;
  }
  return NULL;
}

#endif
