// finding.c: says what is wrong, at the moment it is seen.
#define _GNU_SOURCE
#include "finding.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ending.h"
#include "forks.h"
#include "frame.h"
#include "module.h"
#include "options.h"
#include "recorder.h"
#include "runtime.h"
#include "stack.h"

static const struct {
  const char *word;
  uint8_t severity;
  uint8_t group;
} kinds[NCK_N_FINDINGS] = {
#define NCK_FINDING(id, word, severity, group, title, advice)                                      \
  {word, NCK_SEVERITY_##severity, NCK_CHECK_##group},
#include "napicheck/findings.def"
#undef NCK_FINDING
};

enum {
  FINDING_BUCKETS = 256,
  FAILED_BUCKETS = 1024,
  FAILED_CACHE = 64,
  MESSAGE_BYTES = 1024,
  FRAMES_SAID = 8
};

// Protects the finding and failed-call hashes; nests in nothing.
static pthread_mutex_t finding_lock = PTHREAD_MUTEX_INITIALIZER;
NCK_FORKS_HOLD(finding_lock)
static uint32_t finding_buckets[FINDING_BUCKETS], failed_buckets[FAILED_BUCKETS];

bool nck_finding_wanted(enum nck_finding_kind kind) {
  return (nck_options.checks & kinds[kind].group) && !nck_recorder_is_blind();
}

uint32_t nck_finding_stack(const void *pc) { return nck_stack_capture(pc, nck_frame_limit()); }

static uint32_t first_module(const struct nck_event *event) {
  if (event->module != 0)
    return event->module;
  for (int i = 0; i < NCK_FINDING_STACKS && event->roles[i] != 0; i++) {
    uint32_t stack = event->stacks[i];
    if (stack != 0 && nck_recorder.stacks[stack] > 0) {
      uint32_t module = NCK_FRAME_MODULE(nck_recorder.stacks[stack + 1]);
      if (module != 0 && !(nck_recorder.modules[module].flags &
                           (NCK_MODULE_SYSTEM | NCK_MODULE_OURS | NCK_MODULE_RUNTIME)))
        return module;
    }
  }
  return event->state != NULL ? event->state->module : 0;
}

// Finds the row of an event, or makes it. *fresh tells which.
// `js_stack`: of the running call, where js_stacks=all tells findings apart by it.
static uint32_t finding_row(const struct nck_event *event, uint32_t module, uint32_t js_stack,
                            bool *fresh) {
  uint32_t first = event->roles[0] != 0 ? event->stacks[0] : 0,
           second = event->roles[1] != 0 ? event->stacks[1] : 0;
  uint8_t severity =
      (uint8_t)(event->severity != 0 ? event->severity : kinds[event->kind].severity);
  bool all = nck_options.js_stacks == NCK_JS_STACKS_ALL;
  uint32_t bucket = (first * 2654435761u ^ second * 40503u ^ (uint32_t)event->kind * 97u ^ module ^
                     js_stack * 2246822519u) %
                    FINDING_BUCKETS;
  *fresh = false;
  pthread_mutex_lock(&finding_lock);
  uint32_t index = finding_buckets[bucket];
  while (index != 0) {
    const struct nck_finding *row = &nck_recorder.findings[index];
    if (row->kind == event->kind && row->severity == severity && row->function == event->function &&
        row->module == module && row->stacks[0] == first && row->stacks[1] == second &&
        (!all || row->js_stack == js_stack))
      break;
    index = row->hash_next;
  }
  if (index == 0 && (index = nck_recorder_append(NCK_TABLE_FINDING, 1)) != 0) {
    struct nck_finding *row = &nck_recorder.findings[index];
    *fresh = true;
    row->kind = (uint16_t)event->kind;
    row->severity = severity;
    row->object_kind = (uint8_t)event->object_kind;
    row->env = event->state != NULL ? event->state->index : event->env;
    row->module = module;
    row->function = (uint16_t)event->function;
    row->site = event->site;
    row->js_stack = js_stack;
    memcpy(row->roles, event->roles, sizeof row->roles);
    memcpy(row->stacks, event->stacks, sizeof row->stacks);
    row->first_ns = nck_recorder_ns();
    row->hash_next = finding_buckets[bucket];
    finding_buckets[bucket] = index;
  }
  if (index != 0) {
    nck_recorder.findings[index].count += event->count != 0 ? event->count : 1;
    nck_recorder.findings[index].last_ns = nck_recorder_ns();
  }
  pthread_mutex_unlock(&finding_lock);
  return index;
}

static void say_stack(uint32_t stack) {
  if (stack == 0)
    return;
  uint64_t n = nck_recorder.stacks[stack];
  for (uint64_t i = 0; i < n && i < FRAMES_SAID; i++) {
    uint64_t frame = nck_recorder.stacks[stack + 1 + i];
    const struct nck_module *module = &nck_recorder.modules[NCK_FRAME_MODULE(frame)];
    const char *path = nck_recorder.strings + module->path, *slash = strrchr(path, '/');
    Dl_info info = {0};
    uintptr_t address = (uintptr_t)(module->bias + NCK_FRAME_OFFSET(frame));
    bool named = !(module->flags & NCK_MODULE_UNLOADED) && dladdr((void *)address, &info) != 0 &&
                 info.dli_sname != NULL;
    nck_say("    #%d %s %s+%#llx", (int)i, named ? info.dli_sname : "",
            slash != NULL ? slash + 1 : path, (unsigned long long)NCK_FRAME_OFFSET(frame));
  }
}

static void on_error(const struct nck_event *event, const char *message) {
  if (nck_options.on_error == NCK_ON_ERROR_ABORT) {
    nck_ending_report(NCK_END_ABORT, 0);
    abort();
  }
  struct nck_env *state = event->state;
  if (nck_options.on_error == NCK_ON_ERROR_THROW && state != NULL && !state->foreign &&
      state->state == NCK_ENV_ALIVE && nck_tls.frame != NULL && !nck_tls.frame->no_js &&
      !event->no_throw && nck_real.napi_throw_error != NULL) {
    char code[64], text[MESSAGE_BYTES + 64];
    snprintf(code, sizeof code, "NAPICHECK_%s", kinds[event->kind].word);
    snprintf(text, sizeof text, "napicheck: %s: %s", kinds[event->kind].word, message);
    nck_tls.refused_by_throw = nck_real.napi_throw_error(state->env, code, text) == napi_ok;
    nck_tls.env = NCK_NO_ENV;
  }
}

void nck_finding_raise(const struct nck_event *event, const char *format, ...) {
  if (!nck_finding_wanted(event->kind))
    return;
  int saved = errno;
  bool fresh;
  uint32_t module = first_module(event);
  bool has_js = !event->no_js && event->state != NULL;
  uint32_t js_stack =
      has_js && nck_options.js_stacks == NCK_JS_STACKS_ALL ? nck_js_stack_capture(event->state) : 0;
  uint32_t index = finding_row(event, module, js_stack, &fresh);
  if (index == 0) {
    errno = saved;
    return;
  }
  struct nck_finding *row = &nck_recorder.findings[index];
  if (!fresh && row->severity != NCK_SEVERITY_ERROR) {
    errno = saved;
    return;
  }
  char message[MESSAGE_BYTES];
  va_list list;
  va_start(list, format);
  vsnprintf(message, sizeof message, format, list);
  va_end(list);
  if (fresh) {
    struct nck_thread_state *thread = nck_thread_current();
    row->thread = thread != NULL ? thread->row : 0;
    row->message = nck_recorder_string(message, strlen(message));
    if (event->reason != NULL)
      row->reason = nck_recorder_string(event->reason, strlen(event->reason));
    if (has_js && nck_options.js_stacks == NCK_JS_STACKS_FINDINGS)
      row->js_stack = nck_js_stack_capture(event->state);
    if (row->severity == NCK_SEVERITY_ERROR) {
      nck_say("error: %s: %s", kinds[event->kind].word, message);
      say_stack(event->roles[0] != 0 ? event->stacks[0] : 0);
    }
  }
  if (row->severity == NCK_SEVERITY_ERROR)
    on_error(event, message);
  errno = saved;
}

struct failed_cache_entry {
  const void *pc;
  uint32_t row;
  uint16_t function, status;
  bool may_leave_exception;
};
static __thread struct failed_cache_entry failed_cache[FAILED_CACHE]
    __attribute__((tls_model("initial-exec")));

static uint32_t failed_row(struct nck_env *state, enum nck_function_id function, napi_status status,
                           const void *pc) {
  uint32_t stack = nck_stack_single(pc, false);
  uint32_t bucket =
      (stack * 2654435761u ^ (uint32_t)function * 40503u ^ (uint32_t)status) % FAILED_BUCKETS;
  pthread_mutex_lock(&finding_lock);
  uint32_t index = failed_buckets[bucket];
  while (index != 0) {
    const struct nck_failed_call *row = &nck_recorder.failed[index];
    if (row->stack == stack && row->function == function && row->status == status)
      break;
    index = row->hash_next;
  }
  if (index == 0 && (index = nck_recorder_append(NCK_TABLE_FAILED, 1)) != 0) {
    struct nck_failed_call *row = &nck_recorder.failed[index];
    row->function = (uint16_t)function;
    row->status = (uint16_t)status;
    row->stack = stack;
    row->env = state->index;
    row->hash_next = failed_buckets[bucket];
    failed_buckets[bucket] = index;
  }
  pthread_mutex_unlock(&finding_lock);
  return index;
}

static void report_ignored(struct nck_env *state, enum nck_function_id function, const void *pc) {
  if (!nck_finding_wanted(NCK_FINDING_PENDING_EXCEPTION_IGNORED))
    return;
  struct nck_event event = {
      .kind = NCK_FINDING_PENDING_EXCEPTION_IGNORED,
      .function = function,
      .state = state,
      .roles = {NCK_ROLE_USED, state->pending_stack != 0 ? NCK_ROLE_FAILED : NCK_ROLE_NONE},
      .stacks = {nck_finding_stack(pc), state->pending_stack},
      .no_js = true};
  nck_finding_raise(&event, "%s was refused because of the exception that %s had left pending",
                    nck_function_name(function), state->pending_by);
}

// An exception was, or may have been, left by a call. The next one that needs there to be none asks
// the runtime (frame.c): asking now would clear its last error.
static void suspect_pending(struct nck_env *state, enum nck_function_id function, const void *pc) {
  state->pending = true;
  nck_tls.exception_left = true;
  nck_tls.env = NCK_NO_ENV;
  state->pending_by = nck_function_name(function);
  state->pending_stack = nck_stack_single(pc, false);
}

// A call that had to be refused because of an exception.
static void note_pending(struct nck_env *state, enum nck_function_id function, const void *pc) {
  if (state->pending)
    report_ignored(state, function, pc);
  else
    suspect_pending(state, function, pc);
}

// Calls into JavaScript that threw, and answer otherwise than with napi_pending_exception: most of
// them in Node before 22, conversions in all. On Deno nearly none of these leaves an exception, and
// the question that follows would clear an error that a refused call there leaves alone.
static bool may_leave_exception(enum nck_function_id function, napi_status status) {
  static const char *const parts[] = {"napi_coerce_", "_propert",   "_element",  "_prototype",
                                      "napi_object_", "instanceof", "run_script"};
  if (nck_function_classes[function] != NCK_CLASS_ENV_THREAD || nck_runtime_finalizes_first())
    return false;
  switch (status) {
  case napi_generic_failure:
    return true;
  case napi_object_expected:
  case napi_string_expected:
  case napi_number_expected:
  case napi_function_expected:
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
      if (strstr(nck_function_name(function), parts[i]) != NULL)
        return true;
    return false;
  default:
    return false;
  }
}

napi_status nck_call_failed(struct nck_env *state, enum nck_function_id function,
                            napi_status status, const void *pc) {
  state->may_answer = 0;
  if (state->foreign || nck_recorder_is_blind())
    return status;
  state->row->n_failed_calls++;
  if (state->thread->scanned) {
    state->refused_function = (uint16_t)function;
    state->refused_status = (uint16_t)status;
  }
  if (!(nck_options.checks & NCK_CHECK_exceptions))
    return status;
  struct failed_cache_entry *entry =
      &failed_cache[((uintptr_t)pc >> 2 ^ (uintptr_t)status) % FAILED_CACHE];
  bool is_known =
      entry->pc == pc && entry->function == function && entry->status == status && entry->row != 0;
  if (NCK_UNLIKELY(!is_known || status == napi_pending_exception || entry->may_leave_exception)) {
    int saved = errno;
    if (!is_known)
      *entry = (struct failed_cache_entry){pc, failed_row(state, function, status, pc),
                                           (uint16_t)function, (uint16_t)status,
                                           may_leave_exception(function, status)};
    if (status == napi_pending_exception)
      note_pending(state, function, pc);
    else if (entry->may_leave_exception && !state->pending)
      suspect_pending(state, function, pc);
    errno = saved;
  }
  if (NCK_UNLIKELY(entry->row == 0))
    return status;
  if (NCK_UNLIKELY(nck_many_threads))
    __atomic_fetch_add(&nck_recorder.failed[entry->row].count, 1, __ATOMIC_RELAXED);
  else
    nck_recorder.failed[entry->row].count++;
  return status;
}
