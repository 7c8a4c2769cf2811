// calls_function.c: native callbacks as JavaScript functions: made, called, asked for their
// arguments; and calls of JavaScript from native code.
//
// The runtime gets our trampoline with a record as data. Records are kept once for each (functions,
// data) of an env, so a class defined a thousand times costs one; those made by
// napi_create_function with data of their own are freed by a finalizer when their function is
// collected.
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "finding.h"
#include "frame.h"
#include "hash.h"
#include "held.h"
#include "module.h"
#include "object.h"
#include "options.h"
#include "profile.h"
#include "recorder.h"
#include "stack.h"

struct callback_key {
  napi_callback method, getter, setter;
  void *data;
};
struct nck_callback {
  struct callback_key key;
  struct nck_bundle bundle;
  struct nck_env *state;
  struct nck_profile *profile; // row of the scope profile, or `nowhere`
  uint32_t n_functions;        // alive, made by napi_create_function
  uint16_t endings[3];         // of the scopes of the three functions' frames; 0: not known
  bool pinned;                 // also used by a property or a class: never freed
  UT_hash_handle hh;
};

// Callbacks with data of their own beyond this number in an env get a finalizer; fewer are cheaper
// to keep.
enum { KEPT_CALLBACKS = 256 };

static struct nck_profile nowhere;

static struct nck_callback *callback_find(struct nck_env *state, napi_callback method,
                                          napi_callback getter, napi_callback setter, void *data) {
  if (state->foreign || nck_recorder_is_blind())
    return NULL;
  struct callback_key key;
  memset(&key, 0, sizeof key);
  key.method = method;
  key.getter = getter;
  key.setter = setter;
  key.data = data;
  struct nck_callback *callback = NULL;
  HASH_FIND(hh, state->callbacks, &key, sizeof key, callback);
  if (callback != NULL)
    return callback;
  callback = nck_held_alloc(sizeof *callback);
  if (callback == NULL)
    return NULL;
  memset(callback, 0, sizeof *callback);
  callback->key = key;
  callback->state = state;
  callback->bundle = (struct nck_bundle){state->env, data};
  napi_callback first = method != NULL ? method : getter != NULL ? getter : setter;
  callback->profile = nck_profile_find((const void *)(uintptr_t)first);
  if (callback->profile == NULL)
    callback->profile = &nowhere;
  HASH_ADD(hh, state->callbacks, key, sizeof callback->key, callback);
  return callback;
}

// `noted`: the peak is told when the scope closes, with the call that made it.
static inline void profile_note(struct nck_profile *profile, uint32_t n_handles, bool noted) {
  if (NCK_UNLIKELY(nck_many_threads)) {
    __atomic_fetch_add(&profile->n_calls, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&profile->n_handles, n_handles, __ATOMIC_RELAXED);
  } else {
    profile->n_calls++;
    profile->n_handles += n_handles;
  }
  if (n_handles > profile->peak_handles && !noted)
    profile->peak_handles = n_handles;
}

// After a callback whose frame holds no more than its scope, and returned a value of that, or
// nothing. False: it did otherwise, or this is its first call.
static inline __attribute__((always_inline)) bool leave_at_once(struct nck_frame *frame,
                                                                struct nck_callback *callback,
                                                                struct nck_info *info, int which,
                                                                napi_value *result) {
  struct nck_closed_scopes *all = nck_tls.closed_scopes;
  struct nck_env *state = callback->state;
  struct nck_scope *scope = frame->scope;
  uint64_t tag_bits = frame->tag_bits;
  uint16_t ending = callback->endings[which];
  if (NCK_UNLIKELY(state->top != scope || ending == 0 || all == NULL || scope->noted))
    return false;
  uint64_t raw = (uint64_t)(uintptr_t)*result ^ tag_bits;
  if (NCK_UNLIKELY(raw > NCK_VALUE_MASK)) {
    if (*result != NULL)
      return false;
    raw = 0;
  }
  *result = (napi_value)(uintptr_t)raw;
  profile_note(callback->profile, scope->n_handles, false);
  all->by_tag[tag_bits >> 48] = ending;
  nck_scope_drop(state);
  if (info != NULL)
    info->real = NULL;
  nck_frame_end(frame);
  return true;
}

static __attribute__((noinline)) napi_value leave_slowly(struct nck_frame *frame, int which,
                                                         napi_value result) {
  struct nck_callback *callback = frame->callback;
  struct nck_env *state = callback->state;
  if (frame->scope != NULL) {
    result = nck_value_in(state, result, NCK_FN_napi_get_cb_info, frame->user_cb);
    const struct nck_scope *scope = frame->scope;
    profile_note(callback->profile, scope->n_handles, scope->noted);
    if (nck_tls.closed_scopes != NULL)
      callback->endings[which] =
          nck_ending_find(nck_tls.closed_scopes, NCK_SCOPE_FRAME, frame->user_cb, frame->user_cb);
  } else if (state->tagged) { // no memory for its scope
    result = (napi_value)(uintptr_t)((uint64_t)(uintptr_t)result & NCK_VALUE_MASK);
  }
  nck_frame_leave(frame);
  return result;
}

// Something is thrown through the callback, or its thread is cancelled.
static inline void leave_thrown(struct nck_frame *frame) {
  if (frame->runs)
    nck_frame_leave(frame);
}

// Where the runtime keeps a callback's data: in Node its napi_callback_info leads to them, as an
// info of ours does. That is not assumed but seen, by the first callback, and saves a question for
// each of the others.
static enum { INFO_UNKNOWN, INFO_LEADS, INFO_OPAQUE } runtime_info;

// Does it lead there? Nothing is known of that memory yet.
static bool info_leads(napi_callback_info info, napi_env env, const void *data) {
  struct nck_info seen;
  struct nck_bundle bundle;
  struct iovec here = {&seen, sizeof seen}, there = {info, sizeof seen};
  if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != (ssize_t)sizeof seen)
    return false;
  here = (struct iovec){&bundle, sizeof bundle};
  there = (struct iovec){seen.bundle, sizeof bundle};
  return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)sizeof bundle &&
         bundle.env == env && bundle.data == data;
}

static __attribute__((noinline)) struct nck_callback *callback_ask(napi_env env,
                                                                   napi_callback_info info) {
  void *data = NULL;
  nck_real.napi_get_cb_info(env, info, NULL, NULL, NULL, &data);
  if (__atomic_load_n(&runtime_info, __ATOMIC_RELAXED) == INFO_UNKNOWN) {
    int saved = errno;
    __atomic_store_n(&runtime_info, info_leads(info, env, data) ? INFO_LEADS : INFO_OPAQUE,
                     __ATOMIC_RELAXED);
    errno = saved;
  }
  return data;
}

static inline napi_callback callback_function(const struct nck_callback *callback, int which) {
  return which == 0   ? callback->key.method
         : which == 1 ? callback->key.getter
                      : callback->key.setter;
}

// Calls the addon, whose frame is open. `info` is what it gets for `real`; NULL: there is none.
static inline __attribute__((always_inline)) napi_value
callback_call(struct nck_frame *frame, struct nck_callback *callback, struct nck_info *info,
              napi_callback_info real, int which) {
  napi_callback user_cb = callback_function(callback, which);
  frame->callback = callback;
  frame->info = info;
  if (info != NULL) {
    info->real = real;
    info->bundle = &callback->bundle;
    real = (napi_callback_info)info;
  }
  napi_value result = user_cb(callback->bundle.env, real);
  frame->runs = false;
  if (NCK_LIKELY(leave_at_once(frame, callback, info, which, &result)))
    return result;
  return leave_slowly(frame, which, result);
}

static __attribute__((noinline)) napi_value
callback_run_slowly(napi_env env, napi_callback_info real, int which) {
  struct nck_callback *callback = callback_ask(env, real);
  napi_callback user_cb = callback_function(callback, which);
  struct nck_info *info = nck_info_take();
  struct nck_frame frame __attribute__((cleanup(leave_thrown)));
  nck_frame_enter(&frame, callback->state, NCK_FRAME_CALLBACK, (const void *)(uintptr_t)user_cb);
  return callback_call(&frame, callback, info, real, which);
}

// Whatever calls another function before the addon is done elsewhere: so few registers have to be
// saved.
static inline __attribute__((always_inline)) napi_value
callback_run(napi_env env, napi_callback_info real, int which) {
  struct nck_info *info = nck_tls.next_info;
  if (NCK_UNLIKELY(__atomic_load_n(&runtime_info, __ATOMIC_RELAXED) != INFO_LEADS))
    return callback_run_slowly(env, real, which);
  const struct nck_bundle *bundle = ((const struct nck_info *)(const void *)real)->bundle;
  if (NCK_UNLIKELY(bundle->env != env || info == NULL || info->real != NULL))
    return callback_run_slowly(env, real, which);
  struct nck_callback *callback = bundle->data;
  struct nck_env *state = callback->state;
  if (NCK_UNLIKELY(!nck_frame_may_enter_at_once(state)))
    return callback_run_slowly(env, real, which);
  nck_tls.next_info = info + 1;
  struct nck_frame frame __attribute__((cleanup(leave_thrown)));
  nck_frame_enter_at_once(&frame, state,
                          (const void *)(uintptr_t)callback_function(callback, which));
  return callback_call(&frame, callback, info, real, which);
}

static napi_value method_trampoline(napi_env env, napi_callback_info info) {
  return callback_run(env, info, 0);
}
static napi_value getter_trampoline(napi_env env, napi_callback_info info) {
  return callback_run(env, info, 1);
}
static napi_value setter_trampoline(napi_env env, napi_callback_info info) {
  return callback_run(env, info, 2);
}

// The function was collected.
static void callback_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct nck_callback *callback = data;
  nck_counter_released(&callback->state->row->counters[NCK_KIND_CALLBACK]);
  callback->state->row->n_gc_seen++;
  if (--callback->n_functions != 0 || callback->pinned)
    return;
  struct nck_env *state = callback->state;
  HASH_DELETE(hh, state->callbacks, callback);
  nck_held_free(callback, sizeof *callback);
}

void nck_callbacks_drop(struct nck_env *state) {
  struct nck_callback *callback, *next;
  HASH_ITER(hh, state->callbacks, callback, next) {
    HASH_DELETE(hh, state->callbacks, callback);
    nck_held_free(callback, sizeof *callback);
  }
}

napi_status napi_create_function(napi_env env, const char *utf8name, size_t length,
                                 napi_callback cb, void *data, napi_value *result) {
  NCK_ENTER(napi_create_function);
  if (state == NULL)
    return nck_real.napi_create_function(env, utf8name, length, cb, data, result);
  NCK_BEFORE_REAL(state, NCK_FN_napi_create_function, pc);
  struct nck_callback *callback = cb != NULL ? callback_find(state, cb, NULL, NULL, data) : NULL;
  napi_status status = callback != NULL
                           ? nck_real.napi_create_function(env, utf8name, length, method_trampoline,
                                                           callback, result)
                           : nck_real.napi_create_function(env, utf8name, length, cb, data, result);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, NCK_FN_napi_create_function, status, pc);
    return status;
  }
  if (callback != NULL) {
    if (data == NULL || HASH_COUNT(state->callbacks) < KEPT_CALLBACKS ||
        nck_real.napi_add_finalizer == NULL ||
        nck_real.napi_add_finalizer(env, *result, callback, callback_collected, NULL, NULL) !=
            napi_ok)
      callback->pinned = true;
    else
      callback->n_functions++;
    nck_counter_created(&state->row->counters[NCK_KIND_CALLBACK]);
  }
  nck_value_out(state, result, NCK_FN_napi_create_function, pc);
  return status;
}

// Property descriptors with our trampolines in the place of the addon's functions.
struct descriptors {
  napi_property_descriptor local[16];
  napi_property_descriptor *all;
  size_t count;
};

static const napi_property_descriptor *
descriptors_borrow(struct descriptors *room, struct nck_env *state, size_t count,
                   const napi_property_descriptor *properties, enum nck_function_id function,
                   const void *pc) {
  room->all = NULL;
  room->count = count;
  if (properties == NULL || count == 0)
    return properties;
  napi_property_descriptor *copy = room->local;
  if (count > sizeof room->local / sizeof room->local[0]) {
    copy = room->all = nck_own_alloc(count * sizeof *copy);
    if (copy == NULL) {
      nck_recorder_go_blind("no memory for property descriptors");
      return NULL;
    }
  }
  for (size_t i = 0; i < count; i++) {
    napi_property_descriptor *p = &copy[i];
    *p = properties[i];
    p->name = nck_value_in(state, p->name, function, pc);
    p->value = nck_value_in(state, p->value, function, pc);
    if (p->method == NULL && p->getter == NULL && p->setter == NULL)
      continue;
    struct nck_callback *callback = callback_find(state, p->method, p->getter, p->setter, p->data);
    if (callback == NULL)
      continue;
    callback->pinned = true;
    p->data = callback;
    p->method = p->method != NULL ? method_trampoline : NULL;
    p->getter = p->getter != NULL ? getter_trampoline : NULL;
    p->setter = p->setter != NULL ? setter_trampoline : NULL;
    nck_counter_created(&state->row->counters[NCK_KIND_CALLBACK]);
  }
  return copy;
}

static void descriptors_return(struct descriptors *room) {
  if (room->all != NULL)
    nck_own_free(room->all, room->count * sizeof *room->all);
}

napi_status napi_define_class(napi_env env, const char *utf8name, size_t length,
                              napi_callback constructor, void *data, size_t property_count,
                              const napi_property_descriptor *properties, napi_value *result) {
  NCK_ENTER(napi_define_class);
  if (state == NULL)
    return nck_real.napi_define_class(env, utf8name, length, constructor, data, property_count,
                                      properties, result);
  struct nck_callback *callback =
      constructor != NULL ? callback_find(state, constructor, NULL, NULL, data) : NULL;
  if (callback != NULL) {
    callback->pinned = true;
    constructor = method_trampoline;
    data = callback;
    nck_counter_created(&state->row->counters[NCK_KIND_CALLBACK]);
  }
  struct descriptors room;
  const napi_property_descriptor *copy =
      descriptors_borrow(&room, state, property_count, properties, NCK_FN_napi_define_class, pc);
  if (copy == NULL && properties != NULL && property_count != 0)
    return napi_generic_failure;
  if (NCK_REFUSES(state, NCK_FN_napi_define_class, pc)) {
    descriptors_return(&room);
    return napi_pending_exception;
  }
  napi_status status = nck_real.napi_define_class(env, utf8name, length, constructor, data,
                                                  property_count, copy, result);
  descriptors_return(&room);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, NCK_FN_napi_define_class, status, pc);
  else
    nck_value_out(state, result, NCK_FN_napi_define_class, pc);
  return status;
}

napi_status napi_define_properties(napi_env env, napi_value object, size_t property_count,
                                   const napi_property_descriptor *properties) {
  NCK_ENTER(napi_define_properties);
  if (state == NULL)
    return nck_real.napi_define_properties(env, object, property_count, properties);
  object = nck_value_in(state, object, NCK_FN_napi_define_properties, pc);
  struct descriptors room;
  const napi_property_descriptor *copy = descriptors_borrow(
      &room, state, property_count, properties, NCK_FN_napi_define_properties, pc);
  if (copy == NULL && properties != NULL && property_count != 0)
    return napi_generic_failure;
  if (NCK_REFUSES(state, NCK_FN_napi_define_properties, pc)) {
    descriptors_return(&room);
    return napi_pending_exception;
  }
  napi_status status = nck_real.napi_define_properties(env, object, property_count, copy);
  descriptors_return(&room);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, NCK_FN_napi_define_properties, status, pc);
  return status;
}

static void report_info(struct nck_env *state, napi_callback_info info,
                        enum nck_function_id function, const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_CALLBACK_INFO_AFTER_RETURN))
    return;
  struct nck_event event = {.kind = NCK_FINDING_CALLBACK_INFO_AFTER_RETURN,
                            .function = function,
                            .state = state,
                            .roles = {NCK_ROLE_USED},
                            .stacks = {nck_finding_stack(pc)}};
  nck_finding_raise(&event,
                    "%s got the napi_callback_info %p, which is not that of a running callback of "
                    "this thread; the call was not forwarded",
                    nck_function_name(function), (void *)info);
}

// An info of another thread's callbacks: it stands in memory of ours, the runtime's on the stack.
static bool is_from_elsewhere(napi_callback_info info) {
  uintptr_t low, high;
  nck_own_range(&low, &high);
  return (uintptr_t)info - low < high - low;
}

// The runtime's info. *ours is NULL where the addon's is none of ours: that of a callback that is
// not watched, or nothing at all. NULL: refused.
static napi_callback_info info_in(struct nck_env *state, napi_callback_info info,
                                  enum nck_function_id function, const void *pc,
                                  struct nck_info **ours) {
  *ours = nck_frame_info(state->foreign ? state->thread->infos : nck_tls.infos, info);
  if (NCK_UNLIKELY(*ours == NULL) &&
      NCK_LIKELY(!is_from_elsewhere(info) && (uintptr_t)info <= NCK_VALUE_MASK))
    return info;
  if (NCK_LIKELY(*ours != NULL && (*ours)->real != NULL))
    return (*ours)->real;
  report_info(state, info, function, pc);
  return NULL;
}

// What V8 says of a call, where the first word of Node's info leads: the arguments stand behind
// `this`, and an argument's address is its value.
struct v8_call {
  void *implicit;
  uintptr_t arguments;
  int32_t n_arguments;
};
// Seen as well, in so many calls before it is relied on; -1: it is otherwise.
enum { CALLS_TO_SEE = 8 };
static int n_calls_seen;

// Compares it with what the runtime answers.
static __attribute__((noinline)) void call_see(const struct nck_env *state,
                                               napi_callback_info info) {
  enum { ROOM = 6 };
  size_t n = ROOM;
  napi_value values[ROOM], this_arg;
  struct v8_call call;
  int saved = errno, seen = __atomic_load_n(&n_calls_seen, __ATOMIC_RELAXED);
  struct iovec here = {&call, sizeof call}, there = {*(void **)(void *)info, sizeof call};
  if (nck_real.napi_get_cb_info(state->env, info, &n, values, &this_arg, NULL) != napi_ok)
    return;
  bool is_so = process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)sizeof call &&
               call.n_arguments >= 0 && (size_t)call.n_arguments == n &&
               (uintptr_t)this_arg == call.arguments - sizeof(void *);
  for (size_t i = 0; i < ROOM && is_so; i++)
    is_so = i < n ? (uintptr_t)values[i] == call.arguments + i * sizeof(void *)
                  : values[i] == state->constants[0];
  if (!is_so)
    __atomic_store_n(&n_calls_seen, -1, __ATOMIC_RELAXED);
  else if (n > 0 && n < ROOM && seen >= 0 &&
           __atomic_compare_exchange_n(&n_calls_seen, &seen, seen + 1, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED) &&
           seen + 1 == CALLS_TO_SEE)
    __atomic_fetch_or(&nck_known, NCK_KNOWS_CALLS, __ATOMIC_RELAXED);
  errno = saved;
}

// Who called: one parameter less lets the quick function do without a frame.
static __thread const void *slow_pc __attribute__((tls_model("initial-exec")));

// What belongs to a call (arguments, new.target) lives as long as its callback, whatever scope is
// open now.
static uint64_t tag_of(const struct nck_env *state, const struct nck_info *info) {
  const struct nck_frame *frame = nck_tls.frame;
  while (frame != NULL && frame->info != info)
    frame = frame->outer;
  return frame != NULL && frame->state == state ? frame->tag_bits : state->top_tag_bits;
}

// Where there was no memory for an info, the runtime's own data is a record of ours.
static void *data_of(void *data) {
  for (const struct nck_frame *frame = nck_tls.frame; frame != NULL; frame = frame->outer)
    if (frame->kind == NCK_FRAME_CALLBACK && frame->info == NULL && frame->callback == data)
      return ((const struct nck_callback *)data)->bundle.data;
  return data;
}

static __attribute__((noinline)) napi_status get_cb_info_slow(napi_env env,
                                                              napi_callback_info cbinfo,
                                                              size_t *argc, napi_value *argv,
                                                              napi_value *this_arg, void **data) {
  const void *pc = slow_pc;
  struct nck_env *state;
  NCK_ENTER_FROM(NCK_FN_napi_get_cb_info, pc);
  if (state == NULL)
    return nck_real.napi_get_cb_info(env, cbinfo, argc, argv, this_arg, data);
  struct nck_info *info = (struct nck_info *)(void *)cbinfo;
  napi_callback_info real;
  if (NCK_LIKELY(nck_tls.frame != NULL && nck_tls.frame->info == info && info != NULL)) {
    real = info->real;
  } else {
    real = info_in(state, cbinfo, NCK_FN_napi_get_cb_info, pc, &info);
    if (NCK_UNLIKELY(real == NULL && cbinfo != NULL))
      return nck_frame_answer(napi_invalid_arg);
  }
  size_t room = argc != NULL && argv != NULL ? *argc : 0;
  napi_status status = nck_real.napi_get_cb_info(env, real, argc, argv, this_arg, data);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, NCK_FN_napi_get_cb_info, status, pc);
    return status;
  }
  if (data != NULL)
    *data = info != NULL ? info->bundle->data : data_of(*data);
  int seen = __atomic_load_n(&n_calls_seen, __ATOMIC_RELAXED);
  if (NCK_UNLIKELY(seen >= 0 && seen < CALLS_TO_SEE) && info != NULL && state->tagged &&
      !state->foreign && __atomic_load_n(&runtime_info, __ATOMIC_RELAXED) == INFO_LEADS)
    call_see(state, real);
  nck_env_may_answer(state);
  uint64_t tag_bits = tag_of(state, info);
  for (size_t i = 0; i < room; i++)
    argv[i] = nck_value_tagged(argv[i], tag_bits);
  if (this_arg != NULL)
    *this_arg = nck_value_tagged(*this_arg, tag_bits);
  return status;
}

// Most ask in the callback itself. What the runtime would say is known then, and it would do no
// more than to say it and to clear its last error.
napi_status napi_get_cb_info(napi_env env, napi_callback_info cbinfo, size_t *argc,
                             napi_value *argv, napi_value *this_arg, void **data) {
  const struct nck_frame *frame = nck_tls.frame;
  struct nck_env *state = nck_tls.state;
  if (NCK_UNLIKELY(nck_tls.env != env || (napi_callback_info)frame->info != cbinfo ||
                   frame->state != state || cbinfo == NULL ||
                   !(state->may_answer & NCK_KNOWS_CALLS) || (argv != NULL && argc == NULL))) {
    slow_pc = NCK_PC;
    return get_cb_info_slow(env, cbinfo, argc, argv, this_arg, data);
  }
  state->row->n_calls++;
  const struct v8_call *call = *(const struct v8_call **)(void *)frame->info->real;
  uint64_t tag_bits = frame->tag_bits;
  uintptr_t first = call->arguments | tag_bits;
  size_t n = (size_t)(uint32_t)call->n_arguments;
  if (argc != NULL) {
    size_t room = *argc, i = 0;
    *argc = n;
    if (NCK_LIKELY(argv != NULL)) {
      for (size_t end = n < room ? n : room; i < end; i++)
        argv[i] = (napi_value)(first + i * sizeof(void *));
      for (napi_value undefined = nck_value_tagged(state->constants[0], tag_bits); i < room; i++)
        argv[i] = undefined;
    }
  }
  if (this_arg != NULL)
    *this_arg = (napi_value)(first - sizeof(void *));
  if (data != NULL)
    *data = frame->info->bundle->data;
  return napi_ok;
}

napi_status napi_get_new_target(napi_env env, napi_callback_info cbinfo, napi_value *result) {
  NCK_ENTER(napi_get_new_target);
  if (state == NULL)
    return nck_real.napi_get_new_target(env, cbinfo, result);
  NCK_CHECK_GC(state, NCK_FN_napi_get_new_target, pc);
  struct nck_info *info;
  napi_callback_info real = info_in(state, cbinfo, NCK_FN_napi_get_new_target, pc, &info);
  if (NCK_UNLIKELY(real == NULL && cbinfo != NULL))
    return nck_frame_answer(napi_invalid_arg);
  napi_status status = nck_real.napi_get_new_target(env, real, result);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, NCK_FN_napi_get_new_target, status, pc);
  else if (result != NULL && *result != NULL)
    *result = nck_value_tagged(*result, tag_of(state, info));
  return status;
}

napi_status napi_call_function(napi_env env, napi_value recv, napi_value func, size_t argc,
                               const napi_value *argv, napi_value *result) {
  const enum nck_function_id id = NCK_FN_napi_call_function;
  NCK_ENTER(napi_call_function);
  if (state == NULL)
    return nck_real.napi_call_function(env, recv, func, argc, argv, result);
  recv = nck_value_in(state, recv, id, pc);
  func = nck_value_in(state, func, id, pc);
  struct nck_values room;
  const napi_value *values = nck_values_borrow(&room, state, argv, argc, id, pc);
  if (NCK_UNLIKELY(values == NULL && argv != NULL && argc != 0))
    return napi_generic_failure;
  if (NCK_REFUSES(state, id, pc)) {
    nck_values_return(&room);
    return napi_pending_exception;
  }
  napi_status status = nck_real.napi_call_function(env, recv, func, argc, values, result);
  nck_values_return(&room);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  else
    nck_value_out(state, result, id, pc);
  return status;
}

napi_status napi_new_instance(napi_env env, napi_value constructor, size_t argc,
                              const napi_value *argv, napi_value *result) {
  const enum nck_function_id id = NCK_FN_napi_new_instance;
  NCK_ENTER(napi_new_instance);
  if (state == NULL)
    return nck_real.napi_new_instance(env, constructor, argc, argv, result);
  constructor = nck_value_in(state, constructor, id, pc);
  struct nck_values room;
  const napi_value *values = nck_values_borrow(&room, state, argv, argc, id, pc);
  if (NCK_UNLIKELY(values == NULL && argv != NULL && argc != 0))
    return napi_generic_failure;
  if (NCK_REFUSES(state, id, pc)) {
    nck_values_return(&room);
    return napi_pending_exception;
  }
  napi_status status = nck_real.napi_new_instance(env, constructor, argc, values, result);
  nck_values_return(&room);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  else
    nck_value_out(state, result, id, pc);
  return status;
}

napi_status node_api_create_object_with_properties(napi_env env, napi_value prototype_or_null,
                                                   const napi_value *property_names,
                                                   const napi_value *property_values,
                                                   size_t property_count, napi_value *result) {
  const enum nck_function_id id = NCK_FN_node_api_create_object_with_properties;
  NCK_ENTER(node_api_create_object_with_properties);
  if (state == NULL)
    return nck_real.node_api_create_object_with_properties(env, prototype_or_null, property_names,
                                                           property_values, property_count, result);
  prototype_or_null = nck_value_in(state, prototype_or_null, id, pc);
  struct nck_values names_room, values_room;
  const napi_value *names =
      nck_values_borrow(&names_room, state, property_names, property_count, id, pc);
  const napi_value *values =
      nck_values_borrow(&values_room, state, property_values, property_count, id, pc);
  if (NCK_UNLIKELY(property_count != 0 && ((names == NULL && property_names != NULL) ||
                                           (values == NULL && property_values != NULL)))) {
    nck_values_return(&names_room);
    nck_values_return(&values_room);
    return napi_generic_failure;
  }
  if (NCK_REFUSES(state, id, pc)) {
    nck_values_return(&names_room);
    nck_values_return(&values_room);
    return napi_pending_exception;
  }
  napi_status status = nck_real.node_api_create_object_with_properties(
      env, prototype_or_null, names, values, property_count, result);
  nck_values_return(&names_room);
  nck_values_return(&values_room);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  else
    nck_value_out(state, result, id, pc);
  return status;
}

napi_status node_api_create_object_with_named_properties(napi_env env, napi_value *result,
                                                         size_t property_count,
                                                         const char *const *property_names,
                                                         const napi_value *property_values) {
  const enum nck_function_id id = NCK_FN_node_api_create_object_with_named_properties;
  NCK_ENTER(node_api_create_object_with_named_properties);
  if (state == NULL)
    return nck_real.node_api_create_object_with_named_properties(env, result, property_count,
                                                                 property_names, property_values);
  struct nck_values room;
  const napi_value *values =
      nck_values_borrow(&room, state, property_values, property_count, id, pc);
  if (NCK_UNLIKELY(values == NULL && property_values != NULL && property_count != 0))
    return napi_generic_failure;
  if (NCK_REFUSES(state, id, pc)) {
    nck_values_return(&room);
    return napi_pending_exception;
  }
  napi_status status = nck_real.node_api_create_object_with_named_properties(
      env, result, property_count, property_names, values);
  nck_values_return(&room);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, id, status, pc);
  else
    nck_value_out(state, result, id, pc);
  return status;
}
