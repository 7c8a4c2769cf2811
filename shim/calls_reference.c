// calls_reference.c: napi_ref from creation to deletion.
//
// A reference is a token (object.h) from the moment the runtime made it. A deleted one never
// reaches the runtime again.
#include "finding.h"
#include "frame.h"
#include "object.h"
#include "options.h"
#include "quick.h"
#include "recorder.h"
#include "reference.h"
#include "runtime.h"
#include "stack.h"

bool nck_values_early;

static void examine_early(struct nck_env *state, napi_ref token, napi_value value);

static bool references_tracked(void) { return nck_options.checks & NCK_CHECK_references; }

void *nck_reference_new(struct nck_env *state, napi_ref real, uint32_t count,
                        enum nck_function_id function, uint32_t stack, uint32_t flags) {
  if (!references_tracked() || real == NULL)
    return real;
  return nck_object_new_at(state, NCK_KIND_REFERENCE, real, count, function, stack, flags);
}

static void report_dead(struct nck_env *state, const struct nck_object *object, const void *word,
                        enum nck_function_id function, const void *pc) {
  bool again = function == NCK_FN_napi_delete_reference;
  enum nck_finding_kind kind =
      again ? NCK_FINDING_REFERENCE_DOUBLE_DELETE : NCK_FINDING_REFERENCE_USE_AFTER_DELETE;
  if (!nck_finding_wanted(kind))
    return;
  struct nck_event event = {.kind = kind,
                            .function = function,
                            .state = state,
                            .object_kind = NCK_KIND_REFERENCE,
                            .roles = {NCK_ROLE_USED},
                            .stacks = {nck_finding_stack(pc)}};
  if (object != NULL) {
    event.site = object->site;
    event.roles[1] = NCK_ROLE_DELETED;
    event.stacks[1] = object->end_stack;
    event.roles[2] = NCK_ROLE_CREATED;
    event.stacks[2] = nck_recorder.sites[object->site].stack;
  }
  nck_finding_raise(
      &event,
      "%s got the reference %p, which had been deleted before%s; the call was not forwarded",
      nck_function_name(function), word,
      object == NULL ? " (so long ago that its stacks are no longer kept)" : "");
}

static void report_invalid(struct nck_env *state, const struct nck_object *object, const void *word,
                           enum nck_function_id function, const void *pc) {
  static const char *const words[NCK_N_KINDS] = {
      [NCK_KIND_ASYNC_WORK] = "napi_async_work",
      [NCK_KIND_THREADSAFE_FUNCTION] = "napi_threadsafe_function",
      [NCK_KIND_DEFERRED] = "napi_deferred",
      [NCK_KIND_ASYNC_CONTEXT] = "napi_async_context",
      [NCK_KIND_CLEANUP_HOOK] = "napi_async_cleanup_hook_handle"};
  if (!nck_finding_wanted(NCK_FINDING_INVALID_REFERENCE))
    return;
  struct nck_event event = {.kind = NCK_FINDING_INVALID_REFERENCE,
                            .function = function,
                            .state = state,
                            .object_kind = NCK_KIND_REFERENCE,
                            .roles = {NCK_ROLE_USED},
                            .stacks = {nck_finding_stack(pc)}};
  if (object != NULL) {
    event.roles[1] = NCK_ROLE_CREATED;
    event.stacks[1] = nck_recorder.sites[object->site].stack;
  }
  nck_finding_raise(
      &event, "%s got %p as a reference, which is %s%s; the call was not forwarded",
      nck_function_name(function), word,
      object != NULL
          ? "a live "
          : "nothing that napi_create_reference, napi_wrap or napi_add_finalizer ever returned",
      object != NULL && words[object->kind] != NULL ? words[object->kind] : "");
}

static void report_wrong_env(struct nck_env *state, const struct nck_object *object,
                             const void *word, enum nck_function_id function, const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_REFERENCE_WRONG_ENV))
    return;
  const struct nck_env_row *owner = &nck_recorder.envs[object->env];
  struct nck_event event = {
      .kind = NCK_FINDING_REFERENCE_WRONG_ENV,
      .function = function,
      .state = state,
      .object_kind = NCK_KIND_REFERENCE,
      .site = object->site,
      .roles = {NCK_ROLE_USED, NCK_ROLE_CREATED},
      .stacks = {nck_finding_stack(pc), nck_recorder.sites[object->site].stack}};
  char own[64], here[64];
  nck_thread_name(owner->thread, own, sizeof own);
  nck_thread_name(state->thread->row, here, sizeof here);
  nck_finding_raise(&event,
                    "%s got the reference %p with env %u of %s, but it was made in env %u of %s%s",
                    nck_function_name(function), word, state->index, here, object->env, own,
                    owner->state == NCK_ENV_ENDED ? ", which has ended" : "");
}

// What goes to the runtime for a word. *object: its row where it is a live reference. *refused: the
// runtime gets NULL, to answer napi_invalid_arg in its own way.
static napi_ref reference_in_slow(struct nck_env *state, napi_ref ref,
                                  enum nck_function_id function, const void *pc,
                                  struct nck_object **object) {
  struct nck_object *found;
  *object = NULL;
  if (!references_tracked())
    return ref;
  switch (nck_object_decode(ref, NCK_KIND_REFERENCE, &found)) {
  case NCK_WORD_LIVE:
    if (NCK_UNLIKELY(found->env != state->index))
      report_wrong_env(state, found, ref, function, pc);
    if (NCK_UNLIKELY(found->env != state->index &&
                     nck_recorder.envs[found->env].state == NCK_ENV_ENDED))
      return NULL; // the runtime has freed it
    *object = found;
    return (napi_ref)(uintptr_t)found->real;
  case NCK_WORD_NULL:
    return NULL;
  case NCK_WORD_DEAD:
    report_dead(state, found, ref, function, pc);
    return NULL;
  case NCK_WORD_OTHER:
    report_invalid(state, found, ref, function, pc);
    return NULL;
  case NCK_WORD_RAW:
  default:
    // A reference made while the tool was blind, or by a module that is not watched, is the
    // runtime's own pointer.
    if (nck_recorder_is_blind() || nck_options.modules[0] != '\0')
      return ref;
    report_invalid(state, NULL, ref, function, pc);
    return NULL;
  }
}

static inline napi_ref reference_in(struct nck_env *state, napi_ref ref,
                                    enum nck_function_id function, const void *pc,
                                    struct nck_object **object) {
  struct nck_object *found = nck_object_live(ref, NCK_KIND_REFERENCE);
  if (NCK_UNLIKELY(found == NULL || found->env != state->index))
    return reference_in_slow(state, ref, function, pc, object);
  *object = found;
  return (napi_ref)(uintptr_t)found->real;
}

static __attribute__((noinline)) napi_status create_slowly(napi_env env, napi_value value,
                                                           uint32_t initial_refcount,
                                                           napi_ref *result, const void *pc) {
  struct nck_env *state;
  NCK_ENTER_FROM(NCK_FN_napi_create_reference, pc);
  if (state == NULL)
    return nck_real.napi_create_reference(env, value, initial_refcount, result);
  value = nck_value_in(state, value, NCK_FN_napi_create_reference, pc);
  NCK_BEFORE_REAL(state, NCK_FN_napi_create_reference, pc);
  napi_status status = nck_real.napi_create_reference(env, value, initial_refcount, result);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, NCK_FN_napi_create_reference, status, pc);
    return status;
  }
  *result = nck_reference_new(state, *result, initial_refcount, NCK_FN_napi_create_reference,
                              nck_stack_capture(pc, nck_frame_limit()), 0);
  if (NCK_UNLIKELY(nck_values_early))
    examine_early(state, *result, value);
  return status;
}

// Most calls come at a stack that is known, with a value of the innermost scope.
napi_status napi_create_reference(napi_env env, napi_value value, uint32_t initial_refcount,
                                  napi_ref *result) {
  struct nck_env *state = nck_tls.state;
  uint64_t raw;
  if (NCK_UNLIKELY(nck_tls.env != env || nck_values_early ||
                   (raw = (uint64_t)(uintptr_t)value ^ state->top_tag_bits) > NCK_VALUE_MASK))
    return create_slowly(env, value, initial_refcount, result, NCK_PC);
  state->row->n_calls++;
  napi_status status =
      nck_real.napi_create_reference(env, (napi_value)(uintptr_t)raw, initial_refcount, result);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(nck_tls.state, NCK_FN_napi_create_reference, status, NCK_PC);
    return status;
  }
  struct nck_known_stack *known = nck_stack_known_here();
  if (NCK_LIKELY(known != NULL && references_tracked() && *result != NULL)) {
    if (NCK_LIKELY(!nck_many_threads && !nck_recorder_is_blind() &&
                   nck_quick_create(result, initial_refcount, known)))
      return napi_ok;
    return nck_object_new_reference(nck_tls.state, result, initial_refcount, known);
  }
  *result = nck_reference_new(nck_tls.state, *result, initial_refcount,
                              NCK_FN_napi_create_reference, nck_stack_here(), 0);
  return napi_ok;
}

static __attribute__((noinline)) napi_status delete_slowly(napi_env env, napi_ref ref,
                                                           const void *pc) {
  struct nck_env *state;
  NCK_ENTER_FROM(NCK_FN_napi_delete_reference, pc);
  if (state == NULL)
    return nck_real.napi_delete_reference(env, ref);
  struct nck_object *object;
  napi_ref real = reference_in(state, ref, NCK_FN_napi_delete_reference, pc, &object);
  NCK_BEFORE_REAL(state, NCK_FN_napi_delete_reference, pc);
  if (object != NULL) {
    uint32_t stack = nck_stack_capture(pc, nck_frame_limit());
    if (object->flags & (NCK_OBJECT_WRAP | NCK_OBJECT_FINALIZER))
      nck_reference_deleted(object, stack);
    nck_object_drop(state, object, stack, NCK_FATE_DELETED);
  }
  napi_status status = nck_real.napi_delete_reference(env, real);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(state, NCK_FN_napi_delete_reference, status, pc);
  return status;
}

// Most references are live ones of this env, and no finalizer's.
napi_status napi_delete_reference(napi_env env, napi_ref ref) {
  struct nck_object *object = NULL;
  if (NCK_UNLIKELY(nck_tls.env != env ||
                   (object = nck_object_live(ref, NCK_KIND_REFERENCE)) == NULL ||
                   object->env != nck_tls.state->index ||
                   object->flags & (NCK_OBJECT_WRAP | NCK_OBJECT_FINALIZER)))
    return delete_slowly(env, ref, NCK_PC);
  nck_tls.state->row->n_calls++;
  struct nck_known_stack *known = nck_stack_known_here();
  if (NCK_UNLIKELY(known == NULL))
    nck_object_drop(nck_tls.state, object, nck_stack_here(), NCK_FATE_DELETED);
  else if (NCK_UNLIKELY(nck_many_threads || nck_options.history_full ||
                        !nck_quick_delete(object, known)))
    nck_object_drop_reference(nck_tls.state, object, known);
  napi_status status = nck_real.napi_delete_reference(env, (napi_ref)(uintptr_t)object->real);
  if (NCK_UNLIKELY(status != napi_ok))
    nck_call_failed(nck_tls.state, NCK_FN_napi_delete_reference, status, NCK_PC);
  return status;
}

napi_status napi_reference_ref(napi_env env, napi_ref ref, uint32_t *result) {
  NCK_ENTER(napi_reference_ref);
  if (state == NULL)
    return nck_real.napi_reference_ref(env, ref, result);
  struct nck_object *object;
  uint32_t count = 0;
  napi_ref real = reference_in(state, ref, NCK_FN_napi_reference_ref, pc, &object);
  NCK_BEFORE_REAL(state, NCK_FN_napi_reference_ref, pc);
  napi_status status = nck_real.napi_reference_ref(env, real, &count);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, NCK_FN_napi_reference_ref, status, pc);
    return status;
  }
  if (result != NULL)
    *result = count;
  if (object != NULL) {
    object->count = count;
    nck_object_touch(object, nck_stack_here(), NCK_FATE_REF);
  }
  return status;
}

static void report_underflow(struct nck_env *state, const struct nck_object *object,
                             const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_REFERENCE_COUNT_UNDERFLOW))
    return;
  struct nck_event event = {.kind = NCK_FINDING_REFERENCE_COUNT_UNDERFLOW,
                            .function = NCK_FN_napi_reference_unref,
                            .state = state,
                            .object_kind = NCK_KIND_REFERENCE,
                            .site = object->site,
                            .roles = {NCK_ROLE_USED, NCK_ROLE_CREATED, NCK_ROLE_RELEASED},
                            .stacks = {nck_finding_stack(pc),
                                       nck_recorder.sites[object->site].stack, object->last_stack}};
  if (object->last_stack == 0)
    event.roles[2] = NCK_ROLE_NONE;
  nck_finding_raise(
      &event, "napi_reference_unref was called on the reference %p, whose count was 0 already",
      nck_object_token(object));
}

napi_status napi_reference_unref(napi_env env, napi_ref ref, uint32_t *result) {
  NCK_ENTER(napi_reference_unref);
  if (state == NULL)
    return nck_real.napi_reference_unref(env, ref, result);
  struct nck_object *object;
  uint32_t count = 0;
  napi_ref real = reference_in(state, ref, NCK_FN_napi_reference_unref, pc, &object);
  if (object != NULL && object->count == 0)
    report_underflow(state, object, pc);
  NCK_BEFORE_REAL(state, NCK_FN_napi_reference_unref, pc);
  napi_status status = nck_real.napi_reference_unref(env, real, &count);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, NCK_FN_napi_reference_unref, status, pc);
    return status;
  }
  if (result != NULL)
    *result = count;
  if (object != NULL) {
    object->count = count;
    nck_object_touch(object, nck_stack_here(), NCK_FATE_UNREF);
  }
  return status;
}

napi_status napi_get_reference_value(napi_env env, napi_ref ref, napi_value *result) {
  NCK_ENTER(napi_get_reference_value);
  if (state == NULL)
    return nck_real.napi_get_reference_value(env, ref, result);
  struct nck_object *object;
  napi_ref real = reference_in(state, ref, NCK_FN_napi_get_reference_value, pc, &object);
  NCK_BEFORE_REAL(state, NCK_FN_napi_get_reference_value, pc);
  napi_status status = nck_real.napi_get_reference_value(env, real, result);
  if (NCK_UNLIKELY(status != napi_ok)) {
    nck_call_failed(state, NCK_FN_napi_get_reference_value, status, pc);
    return status;
  }
  if (object != NULL && result != NULL && *result == NULL)
    object->flags |= NCK_OBJECT_VALUE_DEAD;
  nck_value_out(state, result, NCK_FN_napi_get_reference_value, pc);
  return status;
}

enum { EXAMINED = 200000 }; // references of an env; the rest is not looked at

// What kind of object it is, and how much memory it stands for.
static uint8_t examine_object(napi_env env, napi_value value, uint64_t *memory) {
  void *data = NULL;
  size_t bytes = 0;
  bool is = false;
  uint8_t type = 0;
  if (nck_real.napi_is_arraybuffer(env, value, &is) == napi_ok && is) {
    type = NCK_VALUE_ARRAYBUFFER;
    nck_real.napi_get_arraybuffer_info(env, value, &data, &bytes);
  } else if (nck_real.napi_is_dataview(env, value, &is) == napi_ok && is) {
    type = NCK_VALUE_DATAVIEW;
    nck_real.napi_get_dataview_info(env, value, &bytes, &data, NULL, NULL);
  } else if (nck_real.napi_is_buffer(env, value, &is) == napi_ok && is) {
    type = NCK_VALUE_VIEW;
    nck_real.napi_get_buffer_info(env, value, &data, &bytes);
  } else if (nck_real.napi_is_array(env, value, &is) == napi_ok && is) {
    type = NCK_VALUE_ARRAY;
  } else if (nck_real.napi_is_promise(env, value, &is) == napi_ok && is) {
    type = NCK_VALUE_PROMISE;
  } else if (nck_real.napi_is_error(env, value, &is) == napi_ok && is) {
    type = NCK_VALUE_ERROR;
  } else if (nck_real.napi_is_date != NULL && nck_real.napi_is_date(env, value, &is) == napi_ok &&
             is) {
    type = NCK_VALUE_DATE;
  }
  if (bytes > NCK_MEMORY_BYTES_MASK)
    bytes = NCK_MEMORY_BYTES_MASK;
  uint64_t hash = (uint64_t)(uintptr_t)data * 0x9e3779b97f4a7c15ull >> NCK_MEMORY_BYTES_BITS;
  *memory = bytes != 0 ? hash << NCK_MEMORY_BYTES_BITS | bytes : 0;
  return type;
}

static void examine_value(struct nck_env *state, struct nck_object *object, napi_value value) {
  napi_valuetype type;
  if (nck_real.napi_typeof(state->env, value, &type) != napi_ok)
    return;
  object->value_type = (uint8_t)(type + 1);
  if (type != napi_object && type != napi_function)
    return;
  struct nck_site *site = &nck_recorder.sites[object->site];
  uint64_t memory = 0;
  uint8_t kind = type == napi_object ? examine_object(state->env, value, &memory) : 0;
  // Of those with a finalizer the field names its record.
  if (kind != 0 && !(object->flags & (NCK_OBJECT_WRAP | NCK_OBJECT_FINALIZER))) {
    object->value_type = kind;
    object->data = memory;
  }
  site->bytes += memory & NCK_MEMORY_BYTES_MASK;
  if (site->class_name == 0)
    site->class_name = nck_js_class_name(state->env, value);
}

// Where values cannot be looked at in the end, they are when the reference is made: of each site so
// many.
enum { EXAMINED_EARLY = 10000 };

static void examine_early(struct nck_env *state, napi_ref token, napi_value value) {
  struct nck_object *object;
  if (nck_object_decode(token, NCK_KIND_REFERENCE, &object) == NCK_WORD_LIVE && !state->foreign &&
      nck_recorder.sites[object->site].created <= EXAMINED_EARLY)
    examine_value(state, object, value);
}

void nck_reference_examine(struct nck_env *state) {
  // Deno runs cleanup hooks without a handle scope of its own, and dies when a handle is made
  // there.
  if (!nck_runtime_has_uv() || !state->watched || state->state != NCK_ENV_ALIVE ||
      nck_recorder_is_blind() || state->row->counters[NCK_KIND_REFERENCE].live == 0)
    return;
  napi_handle_scope scope;
  uint64_t n = nck_recorder.header->n_rows[NCK_TABLE_OBJECT], examined = 0;
  for (uint64_t i = 1; i < n && examined < EXAMINED; i++) {
    struct nck_object *object = &nck_recorder.objects[i];
    if (object->state != NCK_OBJECT_LIVE || object->kind != NCK_KIND_REFERENCE ||
        object->env != state->index)
      continue;
    if (nck_real.napi_open_handle_scope(state->env, &scope) != napi_ok)
      return;
    napi_value value = NULL;
    examined++;
    if (nck_real.napi_get_reference_value(state->env, (napi_ref)(uintptr_t)object->real, &value) ==
        napi_ok) {
      if (value == NULL)
        object->flags |= NCK_OBJECT_VALUE_DEAD;
      else
        examine_value(state, object, value);
    }
    nck_real.napi_close_handle_scope(state->env, scope);
  }
}
