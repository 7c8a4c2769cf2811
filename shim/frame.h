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

// What an addon gets as napi_callback_info: one of a ring of these, so that an info that is used
// after its callback has returned is told from the infos of the next 255 callbacks. It is readable
// memory, and its second word leads to the env and the data, because koffi reads those there
// (src/koffi/src/call.cc, TranslateZeroCall) when the runtime's layout lets it.
struct nck_info {
  struct nck_info *next; // in the ring
  void *bundle;          // &env
  napi_env env;
  void *data;
  struct nck_frame *frame; // NULL: not in use
  napi_callback_info real;
};

enum { NCK_INFOS = 256 };
struct nck_info_ring {
  struct nck_info infos[NCK_INFOS];
};

// Arguments that a callback's frame has ready for it.
enum { NCK_FRAME_ARGUMENTS = 6 };

struct nck_frame {
  struct nck_frame *outer;
  struct nck_env *state;       // NULL: none (a call_js_cb after the env ended)
  napi_env saved_env;          // tls cache before
  struct nck_env *saved_state; // where it is open
  const void *user_cb;         // the addon's function
  struct nck_info *info;       // for NCK_FRAME_CALLBACK
  uint32_t depth;              // scopes of the env below this frame's own
  uint32_t attention_after;    // what `attention` gets when it is left, as far as it is a frame's
  uint32_t queued_stack;       // for NCK_FRAME_EXECUTE
  uint16_t ending;             // of its scope; 0: not known
  uint8_t kind;                // enum nck_frame_kind
  bool opened;                 // has its scope
  bool collects;               // a finalizer of a value that was collected
  bool basic;                  // a finalizer that must not touch the garbage collector
  bool no_js;                  // a finalizer: never run JavaScript here
  bool turn_is_counted;        // see object.c
  // For NCK_FRAME_CALLBACK: what napi_get_cb_info says, where it was asked for all of that.
  bool has_arguments;
  size_t n_arguments; // of the call; those from NCK_FRAME_ARGUMENTS on are not here
  napi_value arguments[NCK_FRAME_ARGUMENTS], this_arg;
};
#define NCK_ATTENTION_OF_FRAMES                                                                    \
  (NCK_ATTENTION_REFUSED | NCK_ATTENTION_FINALIZER | NCK_ATTENTION_OUTSIDE)

// Begins a frame for `state` (own thread, alive or cleaning; NULL allowed). It has no scope yet:
// the first call with an env finds none selected, and opens the frame. Many callbacks make no call.
static inline void nck_frame_begin(struct nck_frame *frame, struct nck_env *state,
                                   enum nck_frame_kind kind, const void *user_cb) {
  frame->outer = nck_tls.frame;
  frame->state = state;
  frame->saved_env = nck_tls.env;
  frame->user_cb = user_cb;
  frame->info = NULL;
  frame->ending = 0;
  frame->kind = (uint8_t)kind;
  frame->opened = false;
  frame->collects = false;
  frame->basic = false;
  frame->turn_is_counted = false;
  frame->has_arguments = false;
  frame->no_js = kind == NCK_FRAME_FINALIZER || kind == NCK_FRAME_HOOK || kind == NCK_FRAME_EXECUTE;
  nck_tls.env = NULL;
  nck_tls.frame = frame;
}

// Opens the innermost frame, which has begun.
void nck_frame_open(struct nck_frame *frame);

static inline void nck_frame_enter(struct nck_frame *frame, struct nck_env *state,
                                   enum nck_frame_kind kind, const void *user_cb) {
  nck_frame_begin(frame, state, kind, user_cb);
  nck_frame_open(frame);
}

// Scopes that the callback left open: says so, and pops them all. Or it closed ours.
void nck_frame_settle(struct nck_frame *frame);

// Checks what the callback left open, closes the frame. A cleanup handler: see NCK_FRAME.
static inline void nck_frame_leave(struct nck_frame *frame) {
  if (frame->info != NULL)
    frame->info->frame = NULL;
  if (frame->opened) {
    struct nck_env *state = frame->state;
    if (state != NULL) {
      if (NCK_LIKELY(state->n_scopes == frame->depth + 1))
        nck_scope_pop_known(state, frame->user_cb, frame->ending);
      else
        nck_frame_settle(frame);
      state->pending = false;
    }
    nck_tls.attention = (nck_tls.attention & ~NCK_ATTENTION_OF_FRAMES) | frame->attention_after;
    nck_tls.state = frame->saved_state;
  }
  nck_tls.frame = frame->outer;
  nck_tls.env = frame->saved_env;
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
    if (NCK_UNLIKELY(nck_tls.in_finalizer))                                                        \
      nck_frame_check_gc(state, function, pc);                                                     \
  } while (0)

// Last check before the runtime is called by a function of class ENV_THREAD.
#define NCK_REFUSES(state, function, pc)                                                           \
  (NCK_UNLIKELY(nck_tls.attention != 0) && nck_frame_refuses(state, function, pc))
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
static inline bool nck_frame_in_init(void) {
  for (const struct nck_frame *frame = nck_tls.frame; frame != NULL; frame = frame->outer)
    if (frame->kind == NCK_FRAME_INIT)
      return true;
  return false;
}

// An info that is not in use. NULL: that many callbacks in one another, or no memory.
struct nck_info *nck_frame_find_info(void);

// Gives a frame of a callback its info; what the addon gets. The runtime's own when there is no
// room.
static inline napi_callback_info nck_frame_give_info(struct nck_frame *frame, napi_env env,
                                                     napi_callback_info real, void *user_data) {
  struct nck_info *info = nck_tls.next_info;
  if (NCK_UNLIKELY(info == NULL || info->frame != NULL) && (info = nck_frame_find_info()) == NULL)
    return real;
  nck_tls.next_info = info->next;
  info->env = env;
  info->data = user_data;
  info->frame = frame;
  info->real = real;
  frame->info = info;
  return (napi_callback_info)info;
}

// Turns the addon's napi_callback_info back. NULL: not one of ours. Its `frame` is NULL when the
// callback it belonged to has returned.
static inline struct nck_info *nck_frame_info(const struct nck_info_ring *ring,
                                              napi_callback_info given) {
  uintptr_t offset = (uintptr_t)given - (uintptr_t)ring;
  if (NCK_UNLIKELY(ring == NULL || offset >= NCK_INFOS * sizeof(struct nck_info) ||
                   offset % sizeof(struct nck_info) != 0))
    return NULL;
  return (struct nck_info *)(void *)given;
}

#endif
