// calls_wrap.c: native data behind JavaScript values: wraps, finalizers, externals, buffers and
// strings of the addon's own memory.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "finalizer.h"
#include "finding.h"
#include "frame.h"
#include "held.h"
#include "hook.h"
#include "object.h"
#include "orphan.h"
#include "recorder.h"
#include "reference.h"
#include "stack.h"

// The finalizer and the hint to hand on.
#define OUR_CB(finalizer, cb) ((finalizer) != NULL ? nck_finalizer_run : (cb))
#define OUR_HINT(finalizer, hint) ((finalizer) != NULL ? nck_finalizer_hint(finalizer) : (hint))

static void note_reference(struct nck_env *state, struct nck_finalizer *finalizer, napi_ref *result,
                           enum nck_function_id function, const void *pc, uint32_t flags) {
  if (result == NULL || *result == NULL)
    return;
  *result = nck_reference_new(state, *result, 0, function, nck_finding_stack(pc), flags);
  struct nck_object *object;
  if (finalizer != NULL &&
      nck_object_decode(*result, NCK_KIND_REFERENCE, &object) == NCK_WORD_LIVE) {
    finalizer->reference = NCK_HIDDEN(*result);
    object->data = (uint64_t)(uintptr_t)finalizer;
  }
}

napi_status napi_wrap(napi_env env, napi_value js_object, void *native_object,
                      napi_finalize finalize_cb, void *finalize_hint, napi_ref *result) {
  const enum nck_function_id id = NCK_FN_napi_wrap;
  NCK_ENTER(napi_wrap);
  if (state == NULL)
    return nck_real.napi_wrap(env, js_object, native_object, finalize_cb, finalize_hint, result);
  js_object = nck_value_in(state, js_object, id, pc);
  NCK_BEFORE_REAL(state, id, pc);
  struct nck_finalizer *finalizer =
      nck_finalizer_new(state, NCK_FINALIZER_WRAP, finalize_cb, native_object, finalize_hint, pc);
  napi_status status =
      nck_real.napi_wrap(env, js_object, native_object, OUR_CB(finalizer, finalize_cb),
                         OUR_HINT(finalizer, finalize_hint), result);
  finalizer = nck_finalizer_settle(finalizer, status);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, id, status, pc);
    return status;
  }
  nck_owner_renewed(state, native_object);
  note_reference(state, finalizer, result, id, pc, NCK_OBJECT_WRAP);
  return status;
}

napi_status napi_remove_wrap(napi_env env, napi_value js_object, void **result) {
  const enum nck_function_id id = NCK_FN_napi_remove_wrap;
  NCK_ENTER(napi_remove_wrap);
  if (state == NULL)
    return nck_real.napi_remove_wrap(env, js_object, result);
  js_object = nck_value_in(state, js_object, id, pc);
  NCK_BEFORE_REAL(state, id, pc);
  void *data = NULL;
  napi_status status = nck_real.napi_remove_wrap(env, js_object, &data);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, id, status, pc);
    return status;
  }
  if (result != NULL)
    *result = data;
  struct nck_finalizer *finalizer = nck_finalizer_find_wrap(state, data);
  if (finalizer != NULL)
    nck_finalizer_retire(finalizer);
  return status;
}

napi_status napi_add_finalizer(napi_env env, napi_value js_object, void *finalize_data,
                               napi_finalize finalize_cb, void *finalize_hint, napi_ref *result) {
  const enum nck_function_id id = NCK_FN_napi_add_finalizer;
  NCK_ENTER(napi_add_finalizer);
  if (state == NULL)
    return nck_real.napi_add_finalizer(env, js_object, finalize_data, finalize_cb, finalize_hint,
                                       result);
  js_object = nck_value_in(state, js_object, id, pc);
  NCK_BEFORE_REAL(state, id, pc);
  struct nck_finalizer *finalizer =
      nck_finalizer_new(state, NCK_FINALIZER_ADD, finalize_cb, finalize_data, finalize_hint, pc);
  napi_status status =
      nck_real.napi_add_finalizer(env, js_object, finalize_data, OUR_CB(finalizer, finalize_cb),
                                  OUR_HINT(finalizer, finalize_hint), result);
  finalizer = nck_finalizer_settle(finalizer, status);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, id, status, pc);
    return status;
  }
  nck_owner_renewed(state, finalize_data);
  note_reference(state, finalizer, result, id, pc, NCK_OBJECT_FINALIZER);
  return status;
}

void nck_reference_deleted(struct nck_object *object, uint32_t stack) {
  struct nck_finalizer *finalizer = (struct nck_finalizer *)(uintptr_t)object->data;
  if (finalizer == NULL)
    return;
  object->data = 0;
  nck_finalizer_reference_deleted(finalizer, stack);
}

// Below this nobody minds; it is far above what one turn of a usual program makes.
#define BACKLOG_BYTES (64u << 20)

static void backlog_begin(struct nck_env *state, uint32_t turn) {
  struct nck_backlog *backlog = &state->backlog;
  for (uint32_t i = 0; i < backlog->n_samples; i++)
    nck_real.napi_delete_reference(state->env, backlog->samples[i]);
  memset(backlog, 0, sizeof *backlog);
  backlog->turn = turn;
  backlog->since_ms = nck_recorder_ms();
}

static uint32_t backlog_dead(struct nck_env *state) {
  napi_handle_scope scope;
  uint32_t n = 0;
  if (nck_real.napi_open_handle_scope(state->env, &scope) != napi_ok)
    return 0;
  for (uint32_t i = 0; i < state->backlog.n_samples; i++) {
    napi_value value = NULL;
    n += nck_real.napi_get_reference_value(state->env, state->backlog.samples[i], &value) ==
             napi_ok &&
         value == NULL;
  }
  nck_real.napi_close_handle_scope(state->env, scope);
  return n;
}

// After a successful creation, in the scope of the addon's call. Only within an event loop that
// turns.
// Bytes in use in the C library's heap; 0 where it cannot tell.
static uint64_t heap_bytes(void) {
  static struct mallinfo2 (*info)(void);
  static bool looked;
  if (!looked) {
    *(void **)&info = dlsym(RTLD_DEFAULT, "mallinfo2");
    looked = true;
  }
  if (info == NULL)
    return 0;
  struct mallinfo2 heap = info();
  return (uint64_t)heap.uordblks + heap.hblkhd;
}

// The size of a plain external's memory is not known: then the heap's growth stands for it.
static uint64_t backlog_bytes(struct nck_backlog *backlog) {
  uint64_t grown = 0;
  if (backlog->n_made == 2 * NCK_BACKLOG_SAMPLES)
    backlog->heap_bytes = heap_bytes();
  else if (backlog->n_made % (2 * NCK_BACKLOG_SAMPLES) == 0 && backlog->heap_bytes != 0)
    grown = heap_bytes() - backlog->heap_bytes;
  return (int64_t)grown > (int64_t)backlog->bytes ? grown : backlog->bytes;
}

// After a successful creation, in the scope of the addon's call. Only where an event loop turns.
static void backlog_note(struct nck_env *state, const struct nck_finalizer *finalizer,
                         napi_value value, enum nck_function_id function) {
  struct nck_backlog *backlog = &state->backlog;
  if (finalizer == NULL || state->loop == NULL || nck_tls.frame == NULL ||
      state->state != NCK_ENV_ALIVE)
    return;
  nck_env_count_turn_slow(state);
  if (backlog->turn != nck_recorder.header->n_turns)
    backlog_begin(state, nck_recorder.header->n_turns);
  backlog->bytes += finalizer->bytes;
  backlog->n_made++;
  if (backlog->n_made % (2 * NCK_BACKLOG_SAMPLES) == 1 &&
      backlog->n_samples < NCK_BACKLOG_SAMPLES && backlog->n_made > 2 * NCK_BACKLOG_SAMPLES &&
      nck_real.napi_create_reference(state->env, value, 0, &backlog->samples[backlog->n_samples]) ==
          napi_ok)
    backlog->n_samples++;
  if (NCK_LIKELY(backlog->n_made % (2 * NCK_BACKLOG_SAMPLES) != 0))
    return;
  uint64_t bytes = backlog_bytes(backlog);
  // Most of the sampled values are gone, and not one finalizer has run: the loop has not turned.
  if (bytes < BACKLOG_BYTES || backlog->n_samples < 2 ||
      !nck_finding_wanted(NCK_FINDING_FINALIZER_BACKLOG) ||
      backlog_dead(state) <= backlog->n_samples / 2)
    return;
  struct nck_event event = {.kind = NCK_FINDING_FINALIZER_BACKLOG,
                            .function = function,
                            .state = state,
                            .object_kind = NCK_KIND_EXTERNAL,
                            .roles = {NCK_ROLE_CREATED},
                            .stacks = {finalizer->stack},
                            .reason = "the memory is freed as soon as the event loop turns",
                            .no_js = true};
  nck_finding_raise(
      &event,
      "%u externals were made within one turn of the event loop (%u ms so far), about "
      "%llu MiB; the values of most are gone, and their finalizers wait for the next turn",
      backlog->n_made, nck_recorder_ms() - backlog->since_ms, (unsigned long long)(bytes >> 20));
}

static napi_status external_made(struct nck_env *state, struct nck_finalizer *finalizer,
                                 napi_status status, void *data, size_t bytes, napi_value *result,
                                 enum nck_function_id function, const void *pc) {
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, function, status, pc);
    return status;
  }
  if (finalizer != NULL)
    finalizer->bytes = bytes;
  nck_external_made(state, finalizer, data, bytes, function, pc);
  if (result != NULL && *result != NULL)
    backlog_note(state, finalizer, *result, function);
  nck_value_out(state, result, function, pc);
  return status;
}

napi_status napi_create_external(napi_env env, void *data, napi_finalize finalize_cb,
                                 void *finalize_hint, napi_value *result) {
  const enum nck_function_id id = NCK_FN_napi_create_external;
  NCK_ENTER(napi_create_external);
  if (state == NULL)
    return nck_real.napi_create_external(env, data, finalize_cb, finalize_hint, result);
  NCK_BEFORE_REAL(state, id, pc);
  struct nck_finalizer *finalizer =
      nck_finalizer_new(state, NCK_FINALIZER_EXTERNAL, finalize_cb, data, finalize_hint, pc);
  napi_status status = nck_real.napi_create_external(env, data, OUR_CB(finalizer, finalize_cb),
                                                     OUR_HINT(finalizer, finalize_hint), result);
  finalizer = nck_finalizer_settle(finalizer, status);
  return external_made(state, finalizer, status, data, 0, result, id, pc);
}

napi_status napi_create_external_arraybuffer(napi_env env, void *external_data, size_t byte_length,
                                             napi_finalize finalize_cb, void *finalize_hint,
                                             napi_value *result) {
  const enum nck_function_id id = NCK_FN_napi_create_external_arraybuffer;
  NCK_ENTER(napi_create_external_arraybuffer);
  if (state == NULL)
    return nck_real.napi_create_external_arraybuffer(env, external_data, byte_length, finalize_cb,
                                                     finalize_hint, result);
  NCK_BEFORE_REAL(state, id, pc);
  struct nck_finalizer *finalizer = nck_finalizer_new(state, NCK_FINALIZER_ARRAYBUFFER, finalize_cb,
                                                      external_data, finalize_hint, pc);
  napi_status status = nck_real.napi_create_external_arraybuffer(
      env, external_data, byte_length, OUR_CB(finalizer, finalize_cb),
      OUR_HINT(finalizer, finalize_hint), result);
  finalizer = nck_finalizer_settle(finalizer, status);
  return external_made(state, finalizer, status, external_data, byte_length, result, id, pc);
}

napi_status napi_create_external_buffer(napi_env env, size_t length, void *data,
                                        napi_finalize finalize_cb, void *finalize_hint,
                                        napi_value *result) {
  const enum nck_function_id id = NCK_FN_napi_create_external_buffer;
  NCK_ENTER(napi_create_external_buffer);
  if (state == NULL)
    return nck_real.napi_create_external_buffer(env, length, data, finalize_cb, finalize_hint,
                                                result);
  NCK_BEFORE_REAL(state, id, pc);
  struct nck_finalizer *finalizer =
      nck_finalizer_new(state, NCK_FINALIZER_BUFFER, finalize_cb, data, finalize_hint, pc);
  napi_status status =
      nck_real.napi_create_external_buffer(env, length, data, OUR_CB(finalizer, finalize_cb),
                                           OUR_HINT(finalizer, finalize_hint), result);
  finalizer = nck_finalizer_settle(finalizer, status);
  return external_made(state, finalizer, status, data, length, result, id, pc);
}

// A finalizer without an env, possibly on any thread: only the addon's function and hint stand in
// it.
struct noenv_finalizer {
  nck_noenv_finalize user_cb;
  void *user_hint;
};

static void noenv_run(void *data, void *hint) {
  struct noenv_finalizer finalizer = *(struct noenv_finalizer *)hint;
  nck_held_free(hint, sizeof finalizer);
  nck_finalizer_log(NULL, NCK_FINALIZER_ARRAYBUFFER, (const void *)(uintptr_t)finalizer.user_cb,
                    data, 0);
  finalizer.user_cb(data, finalizer.user_hint);
}

napi_status node_api_create_external_sharedarraybuffer(napi_env env, void *external_data,
                                                       size_t byte_length,
                                                       nck_noenv_finalize finalize_cb,
                                                       void *finalize_hint, napi_value *result) {
  const enum nck_function_id id = NCK_FN_node_api_create_external_sharedarraybuffer;
  NCK_ENTER(node_api_create_external_sharedarraybuffer);
  if (state == NULL)
    return nck_real.node_api_create_external_sharedarraybuffer(env, external_data, byte_length,
                                                               finalize_cb, finalize_hint, result);
  NCK_BEFORE_REAL(state, id, pc);
  struct noenv_finalizer *finalizer =
      finalize_cb != NULL ? nck_held_alloc(sizeof *finalizer) : NULL;
  if (finalizer != NULL)
    *finalizer = (struct noenv_finalizer){finalize_cb, finalize_hint};
  napi_status status = nck_real.node_api_create_external_sharedarraybuffer(
      env, external_data, byte_length, finalizer != NULL ? noenv_run : finalize_cb,
      finalizer != NULL ? (void *)finalizer : finalize_hint, result);
  if (NCK_UNLIKELY(status != napi_ok)) {
    if (finalizer != NULL)
      nck_held_free(finalizer, sizeof *finalizer);
    nck_call_failed(state, id, status, pc);
    return status;
  }
  nck_value_out(state, result, id, pc);
  return status;
}

// The runtime may copy the string and run the finalizer before the call returns.
#define EXTERNAL_STRING(name, char_type)                                                           \
  napi_status name(napi_env env, char_type *str, size_t length, napi_finalize finalize_callback,   \
                   void *finalize_hint, napi_value *result, bool *copied) {                        \
    const enum nck_function_id id = NCK_FN_##name;                                                 \
    NCK_ENTER(name);                                                                               \
    if (state == NULL)                                                                             \
      return nck_real.name(env, str, length, finalize_callback, finalize_hint, result, copied);    \
    NCK_BEFORE_REAL(state, id, pc);                                                                \
    struct nck_finalizer *finalizer =                                                              \
        nck_finalizer_new(state, NCK_FINALIZER_STRING, finalize_callback, str, finalize_hint, pc); \
    napi_status status = nck_real.name(env, str, length, OUR_CB(finalizer, finalize_callback),     \
                                       OUR_HINT(finalizer, finalize_hint), result, copied);        \
    nck_finalizer_settle(finalizer, status);                                                       \
    if (NCK_UNLIKELY(status != napi_ok)) {                                                         \
      nck_call_failed(state, id, status, pc);                                                      \
      return status;                                                                               \
    }                                                                                              \
    nck_value_out(state, result, id, pc);                                                          \
    return status;                                                                                 \
  }
EXTERNAL_STRING(node_api_create_external_string_latin1, char)
EXTERNAL_STRING(node_api_create_external_string_utf16, char16_t)

napi_status node_api_post_finalizer(napi_env env, napi_finalize finalize_cb, void *finalize_data,
                                    void *finalize_hint) {
  const enum nck_function_id id = NCK_FN_node_api_post_finalizer;
  NCK_ENTER(node_api_post_finalizer);
  if (state == NULL)
    return nck_real.node_api_post_finalizer(env, finalize_cb, finalize_data, finalize_hint);
  struct nck_finalizer *finalizer =
      nck_finalizer_new(state, NCK_FINALIZER_POSTED, finalize_cb, finalize_data, finalize_hint, pc);
  napi_status status = nck_real.node_api_post_finalizer(
      env, OUR_CB(finalizer, finalize_cb), finalize_data, OUR_HINT(finalizer, finalize_hint));
  finalizer = nck_finalizer_settle(finalizer, status);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, id, status, pc);
  }
  return status;
}

void nck_external_made(struct nck_env *state, struct nck_finalizer *finalizer, const void *data,
                       size_t bytes, enum nck_function_id function, const void *pc) {
  (void)bytes;
  nck_owner_renewed(state, data);
  nck_finalizer_share(finalizer, function);
  if (finalizer != NULL || data == NULL || state->foreign)
    return;
  if (!nck_finding_wanted(NCK_FINDING_EXTERNAL_WITHOUT_FINALIZER))
    return;
  uint32_t stack = nck_finding_stack(pc);
  nck_orphan_note(state, data, stack);
  struct nck_event event = {.kind = NCK_FINDING_EXTERNAL_WITHOUT_FINALIZER,
                            .function = function,
                            .state = state,
                            .object_kind = NCK_KIND_EXTERNAL,
                            .roles = {NCK_ROLE_CREATED},
                            .stacks = {stack},
                            .reason = "something else may own the data",
                            .no_js = true};
  nck_finding_raise(&event, "%s was called without a finalizer", nck_function_name(function));
}
