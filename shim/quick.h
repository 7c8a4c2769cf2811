// quick.h: what napi_create_reference and napi_delete_reference do when nothing is out of the
// ordinary, without a call of another function: then no register has to be saved. Each of them
// first looks whether that is so, and has changed nothing when it answers false.
#ifndef NAPICHECK_SHIM_QUICK_H
#define NAPICHECK_SHIM_QUICK_H

#include "env.h"
#include "frame.h"
#include "object.h"
#include "recorder.h"
#include "stack.h"

// The time of the last events of this callback, whose turn has been counted, is good once more. A
// callback runs: nck_tls.env is an env's.
static inline bool nck_quick_time(void) {
  return nck_tls.n_recent != 0 && nck_tls.frame->turn_is_counted;
}

// Makes *reference, which the runtime made at a known stack, an object and its token. No other
// thread has envs, and the tool is not blind.
static inline __attribute__((always_inline)) bool
nck_quick_create(napi_ref *reference, uint32_t count, const struct nck_known_stack *known) {
  struct nck_env *state = nck_tls.state;
  const struct nck_site *looked_at = &nck_recorder.sites[known->row];
  uint32_t ms = nck_tls.recent_ms, slot = state->free_first;

  if (NCK_UNLIKELY(known->key != NCK_KNOWN_REFERENCE))
    return false;
  if (NCK_UNLIKELY(!nck_quick_time() || nck_tls.marks != 0))
    return false;
  // With so many slots that wait, the first of them has waited long enough.
  if (NCK_UNLIKELY(state->n_free < NCK_QUARANTINE))
    return false;
  if (NCK_UNLIKELY(looked_at->last_turn != nck_recorder.header->n_turns ||
                   ms >= looked_at->bucket_end))
    return false;

  struct nck_object *object = &nck_recorder.objects[slot];
  uint32_t next = object->next;
  struct nck_object_head head = {
      .generation = object->generation + 1, .kind = NCK_KIND_REFERENCE, .state = NCK_OBJECT_LIVE};
  nck_object_fill(object, state, *reference, count, known->row, ms);
  nck_object_come_alive(object, head);
  *reference = (napi_ref)(uintptr_t)nck_token_make(slot, head.generation);
  state->free_first = next;
  state->n_free--;
  __builtin_prefetch(&nck_recorder.objects[next], 1);
  nck_tls.n_recent--;

  struct nck_site *site = &nck_recorder.sites[known->row];
  site->created++;
  nck_site_note_live(site, ++site->live);
  site->last_ms = ms;
  nck_counter_created(&state->row->counters[NCK_KIND_REFERENCE]);
  return true;
}

// Drops a live reference of the running env that no finalizer belongs to. No other thread has envs,
// and no histories are kept.
static inline __attribute__((always_inline)) bool
nck_quick_delete(struct nck_object *object, const struct nck_known_stack *known) {
  struct nck_env *state = nck_tls.state;
  struct nck_site *site = &nck_recorder.sites[object->site];
  uint32_t ms = nck_tls.recent_ms;

  if (NCK_UNLIKELY(known->key != object->site)) // its fate at this stack is another's
    return false;
  if (NCK_UNLIKELY(!nck_quick_time() || ms >= site->bucket_end))
    return false;
  if (NCK_UNLIKELY(state->state != NCK_ENV_ALIVE || state->free_first == 0 ||
                   object->generation >= NCK_TOKEN_MAX_GENERATION))
    return false;

  nck_recorder.fates[known->row].count++;
  object->end_stack = known->stack;
  object->next = 0;
  __atomic_store_n(&object->state, NCK_OBJECT_DEAD, __ATOMIC_RELEASE);
  uint32_t slot = (uint32_t)(object - nck_recorder.objects);
  nck_recorder.objects[state->free_last].next = slot;
  state->free_last = slot;
  state->n_free++;
  nck_tls.n_recent--;

  site->released++;
  nck_site_note_fewer(site, --site->live);
  site->last_ms = ms;
  nck_counter_released(&state->row->counters[NCK_KIND_REFERENCE]);
  return true;
}

#endif
