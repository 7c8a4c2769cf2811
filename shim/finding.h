// finding.h: says what is wrong, at the moment it is seen.
//
// One row of the record for each (kind, severity, function, module, first stack, second stack);
// later occurrences are counted. Errors are said on stderr at their first occurrence, before the
// call is forwarded. Never with a lock of ours held.
#ifndef NAPICHECK_SHIM_FINDING_H
#define NAPICHECK_SHIM_FINDING_H

#include "env.h"
#include "say.h"

struct nck_event {
  enum nck_finding_kind kind;
  enum nck_severity severity; // 0: the kind's default
  enum nck_function_id function;
  struct nck_env *state; // may be NULL
  uint32_t env;          // env row where state is NULL
  uint32_t module;       // 0: the state's, else that of the first stack
  uint32_t site;
  uint32_t object_kind;
  uint8_t roles[NCK_FINDING_STACKS];
  uint32_t stacks[NCK_FINDING_STACKS];
  uint64_t count;     // occurrences that it stands for; 0: one
  const char *reason; // why it is only a warning or a note
  bool no_js;         // a JavaScript stack cannot be taken here
  bool no_throw;      // it is too late for an exception
};

// True when the kind's group is checked: ask before a stack is captured.
bool nck_finding_wanted(enum nck_finding_kind kind);

// Records an event. The message is made at the first occurrence, and at each of an error.
void nck_finding_raise(const struct nck_event *event, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Captures the stack of the running call.
uint32_t nck_finding_stack(const void *pc);

// After a call returned something other than napi_ok: the failed-call table and ignored exceptions.
napi_status nck_call_failed(struct nck_env *state, enum nck_function_id function,
                            napi_status status, const void *pc);

// "0x7f.. (napi_get_reference_value)" style names.
static inline const char *nck_function_name(enum nck_function_id function) {
  return nck_function_names[function];
}

// The JavaScript stack of the running call as a string of the record; 0 where none can be taken.
uint32_t nck_js_stack_capture(struct nck_env *state);

// The name of an object's class as V8 knows it, without running JavaScript; 0 where it cannot be
// told. In a handle scope of ours.
uint32_t nck_js_class_name(napi_env env, napi_value value);

#endif
