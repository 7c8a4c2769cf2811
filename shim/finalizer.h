// finalizer.h: finalizers of addons: a record for each that is still to run, the log of those that
// ran.
//
// made (nck_finalizer_new) -> run once (our trampoline) -> freed; or retired by napi_remove_wrap;
// or the env ends without it.
#ifndef NAPICHECK_SHIM_FINALIZER_H
#define NAPICHECK_SHIM_FINALIZER_H

#include "env.h"

struct nck_finalizer {
  struct nck_finalizer *previous, *next; // in the env's list
  struct nck_env *state;
  napi_finalize user_cb;
  void *user_data; // what the addon gave as data: also the key of napi_remove_wrap
  void *user_hint;
  uint32_t stack;         // where it was made
  uint32_t deleted_stack; // where its reference was deleted before it ran: then user_data and
                          // user_hint are hidden (held.h)
  uint16_t serial;        // of its hint; 0: freed
  uint8_t kind;           // enum nck_finalizer_kind
  uint8_t object_kind;    // enum nck_object_kind of its counter
  bool shares;            // counted by its data pointer
  bool retired;           // not expected to run
  bool ran;               // while it was being made
  bool unreachable;       // the addon has no pointer to `user_data` any more
  struct nck_finalizer *outer_making;
  union {
    uint64_t bytes; // of an external
    struct {
      struct nck_wrap_key *key;            // of a wrap, where it is found by its data pointer
      struct nck_finalizer *same_key_next; // wraps with the same data pointer
    };
  };
  void *reference; // hidden token of the reference that napi_wrap or napi_add_finalizer returned
                   // with it
};

// A record for a finalizer that the addon hands over. NULL when there is no memory: then hand on
// the addon's own. From here to nck_finalizer_settle it is "being made": the runtime may run it
// before the creating call returns (external strings that are copied), or run it although the call
// failed (buffers that are too large).
struct nck_finalizer *nck_finalizer_new(struct nck_env *state, enum nck_finalizer_kind kind,
                                        napi_finalize user_cb, void *user_data, void *user_hint,
                                        const void *pc);

// After the creating call. Returns the record where it is still to run, NULL where it ran or was
// dropped.
struct nck_finalizer *nck_finalizer_settle(struct nck_finalizer *finalizer, napi_status status);

// What the runtime gets as hint. It tells a record from a later one in the same place, so a runtime
// that runs a finalizer twice is found out.
void *nck_finalizer_hint(const struct nck_finalizer *finalizer);

// The runtime ran a finalizer for `data` that had run before. Not handed on to the addon.
void nck_finalizer_report_twice(struct nck_env *state, const void *data);

// Its reference was deleted before it ran: older runtimes still run it, newer ones never do. The
// record stays, and the end tells.
void nck_finalizer_reference_deleted(struct nck_finalizer *finalizer, uint32_t stack);

// The runtime will never run it (napi_remove_wrap).
void nck_finalizer_retire(struct nck_finalizer *finalizer);

// The env has ended, or the process ends: which finalizers did not run? `in_order`: the env's own
// teardown is over.
void nck_finalizer_env_ended(struct nck_env *state, bool in_order);

// An external was made (finalizer NULL: without one).
void nck_external_made(struct nck_env *state, struct nck_finalizer *finalizer, const void *data,
                       size_t bytes, enum nck_function_id function, const void *pc);

// The trampoline, given to the runtime with nck_finalizer_hint.
void nck_finalizer_run(napi_env env, void *data, void *hint);

// The record of a wrap by its data pointer; NULL when none or not unique.
struct nck_finalizer *nck_finalizer_find_wrap(struct nck_env *state, const void *data);

// An external with memory of its own was made: is that memory another live one's, too?
void nck_finalizer_share(struct nck_finalizer *finalizer, enum nck_function_id function);

// Enters a finalizer or hook that runs now into the log.
void nck_finalizer_log(struct nck_env *state, enum nck_finalizer_kind kind, const void *user_cb,
                       const void *data, uint32_t stack);

#endif
