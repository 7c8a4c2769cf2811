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
  void *reserved;
  void *bundle; // &env
  napi_env env;
  void *data;
  struct nck_frame *frame; // NULL: not in use
  napi_callback_info real;
};

struct nck_frame {
  struct nck_frame *outer;
  struct nck_env *state;       // NULL: none (a call_js_cb after the env ended)
  struct nck_env *saved_state; // tls cache before
  const void *user_cb;         // the addon's function
  struct nck_info *info;       // for NCK_FRAME_CALLBACK
  uint32_t depth;              // scopes of the env below this frame's own
  uint32_t queued_stack;
  uint64_t handles_before;
  uint8_t kind; // enum nck_frame_kind
  bool entered;
  bool basic; // a finalizer that must not touch the garbage collector
  bool no_js; // a finalizer: never run JavaScript here
  napi_value result;
};

// Opens a frame for `state` (own thread, alive or cleaning; NULL allowed).
void nck_frame_enter(struct nck_frame *frame, struct nck_env *state, enum nck_frame_kind kind,
                     const void *user_cb);

// Checks what the callback left open, closes the frame. Used as cleanup handler too: idempotent.
void nck_frame_leave(struct nck_frame *frame);

// The cleanup runs where the process has libgcc_s (any program with C++ in it); where it has not,
// nothing can be thrown through us. Weak, so that this library needs nothing but libc at load time.
__asm__(".weak _Unwind_Resume\n.weak __gcc_personality_v0");

#define NCK_FRAME(name) struct nck_frame name __attribute__((cleanup(nck_frame_leave)))

// The limit up to which native stacks are the addon's.
static inline const void *nck_frame_limit(void) { return nck_tls.frame; }

// Inside a finalizer: judges a call of a function that may touch the garbage collector
// (finalizer-gc-unsafe).
void nck_frame_check_gc(struct nck_env *state, enum nck_function_id function, const void *pc);

// Last check before the runtime is called by a function of class ENV_THREAD.
#define NCK_BEFORE_REAL(state, function, pc)                                                       \
  do {                                                                                             \
    if (NCK_UNLIKELY(nck_tls.frame != NULL && nck_tls.frame->kind == NCK_FRAME_FINALIZER))         \
      nck_frame_check_gc(state, function, pc);                                                     \
    if (NCK_UNLIKELY(nck_tls.refused_by_throw)) {                                                  \
      nck_tls.refused_by_throw = false;                                                            \
      return napi_pending_exception;                                                               \
    }                                                                                              \
  } while (0)

// True while a module initialises on this thread.
bool nck_frame_in_init(void);

// Gives a frame of a callback its info; what the addon gets. The runtime's own when there is no
// room.
napi_callback_info nck_frame_give_info(struct nck_frame *frame, napi_env env,
                                       napi_callback_info real, void *user_data);

// Turns the addon's napi_callback_info back. NULL: not one of ours. Its `frame` is NULL when the
// callback it belonged to has returned.
struct nck_info *nck_frame_info(napi_callback_info info);

#endif
