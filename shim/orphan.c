// orphan.c: memory of which the addon has no pointer left.
#include "orphan.h"

#include <string.h>

#include "block.h"
#include "finalizer.h"
#include "finding.h"
#include "held.h"
#include "object.h"
#include "options.h"
#include "own.h"
#include "runtime.h"
#include "scan.h"

enum {
  MOST_NOTED = 2048, // externals of an env, of all that it made an even sample
  MOST_WRAPS = 2048,
  // A few may be explained in some way that nobody has thought of.
  LEAST_LOST = 20
};

struct nck_orphans {
  uint32_t n, stride, n_skipped;
  uint64_t n_made;
  struct {
    const void *data;
    uint32_t stack;
  } noted[MOST_NOTED];
};

void nck_orphan_note(struct nck_env *state, const void *data, uint32_t stack) {
  struct nck_orphans *all = state->orphans;
  if (state->foreign || !nck_options.leak_check || !nck_runtime_has_uv())
    return;
  if (all == NULL) {
    if ((all = state->orphans = nck_own_alloc(sizeof *all)) == NULL)
      return;
    all->n = all->n_skipped = 0;
    all->n_made = 0;
    all->stride = 1;
  }
  all->n_made++;
  if (++all->n_skipped < all->stride)
    return;
  all->n_skipped = 0;
  if (all->n == MOST_NOTED) { // of those that are there every second one stays
    for (uint32_t i = 0; i < MOST_NOTED / 2; i++)
      all->noted[i] = all->noted[2 * i + 1];
    all->n = MOST_NOTED / 2;
    all->stride *= 2;
  }
  all->noted[all->n].data = data;
  all->noted[all->n++].stack = stack;
}

struct suspect {
  uintptr_t start;
  struct nck_env *state;
  struct nck_finalizer *finalizer; // NULL: an external
  uint32_t stack;
};

// Sorted by their addresses, each once.
struct suspects {
  struct suspect *all;
  struct nck_range *blocks;
  bool *is_found;
  size_t n, max;
};

static void suspect(struct suspects *suspects, struct nck_env *state, const void *data,
                    struct nck_finalizer *finalizer, uint32_t stack) {
  uintptr_t start = (uintptr_t)data;
  size_t from = 0, to = suspects->n;
  while (from < to) {
    size_t middle = (from + to) / 2;
    if (suspects->all[middle].start < start)
      from = middle + 1;
    else
      to = middle;
  }
  if (suspects->n == suspects->max || (from < suspects->n && suspects->all[from].start == start))
    return;
  memmove(&suspects->all[from + 1], &suspects->all[from],
          (suspects->n - from) * sizeof *suspects->all);
  suspects->all[from] = (struct suspect){start, state, finalizer, stack};
  suspects->n++;
}

static void collect(struct suspects *suspects, struct nck_env *state) {
  const struct nck_orphans *all = state->orphans;
  for (uint32_t i = 0; all != NULL && i < all->n; i++)
    suspect(suspects, state, all->noted[i].data, NULL, all->noted[i].stack);
  uint32_t n = 0;
  for (struct nck_finalizer *f = state->finalizers; f != NULL && n < MOST_WRAPS; f = f->next)
    if (f->deleted_stack != 0) {
      suspect(suspects, state, NCK_HIDDEN(f->user_data), f, f->stack);
      n++;
    }
}

static bool is_kin(const struct suspect *one, const struct suspect *other) {
  return one->stack == other->stack && one->state == other->state &&
         (one->finalizer != NULL) == (other->finalizer != NULL);
}

static void say(const struct suspect *suspect, uint32_t n_lost, uint64_t bytes) {
  struct nck_event event = {.kind = NCK_FINDING_EXTERNAL_WITHOUT_FINALIZER,
                            .severity = NCK_SEVERITY_LEAK,
                            .state = suspect->state,
                            .object_kind = NCK_KIND_EXTERNAL,
                            .roles = {NCK_ROLE_CREATED},
                            .stacks = {suspect->stack},
                            .count = n_lost,
                            .no_js = true};
  const struct nck_orphans *all = suspect->state->orphans;
  nck_finding_raise(&event,
                    "externals without a finalizer were made for memory of malloc's that nothing "
                    "points to any more and that was never freed: nobody can free it. %u such "
                    "blocks, %llu KiB, are among the %u of %llu that were looked at",
                    n_lost, (unsigned long long)((bytes + 1023) / 1024), all->n,
                    (unsigned long long)all->n_made);
}

// Leaves those that stand in blocks of malloc's; false when there is no memory for that.
static bool keep_blocks(struct suspects *suspects) {
  size_t bytes = suspects->n * sizeof(uintptr_t), n = 0;
  uintptr_t *starts = nck_own_alloc(bytes);
  if (starts == NULL)
    return false;
  for (size_t i = 0; i < suspects->n; i++)
    starts[i] = suspects->all[i].start;
  nck_block_find(starts, suspects->n, suspects->blocks);
  nck_own_free(starts, bytes);
  for (size_t i = 0; i < suspects->n; i++)
    if (suspects->blocks[i].low != 0) {
      suspects->blocks[n] = suspects->blocks[i];
      suspects->all[n++] = suspects->all[i];
    }
  suspects->n = n;
  return true;
}

static void judge(struct suspects *suspects, const void *sp) {
  if (!keep_blocks(suspects) || suspects->n < LEAST_LOST ||
      !nck_scan_blocks(suspects->blocks, suspects->n, suspects->is_found, sp))
    return;
  for (size_t i = 0; i < suspects->n; i++) {
    const struct suspect *first = &suspects->all[i];
    uint32_t n_lost = 0;
    uint64_t bytes = 0;
    if (suspects->is_found[i])
      continue;
    for (size_t k = i; k < suspects->n; k++)
      if (!suspects->is_found[k] && is_kin(first, &suspects->all[k])) {
        n_lost++;
        bytes += suspects->blocks[k].high - suspects->blocks[k].low;
      }
    if (n_lost >= LEAST_LOST && first->finalizer == NULL)
      say(first, n_lost, bytes);
    for (size_t k = suspects->n; k-- > i;)
      if (!suspects->is_found[k] && is_kin(first, &suspects->all[k])) {
        suspects->is_found[k] = true; // done with
        if (n_lost >= LEAST_LOST && first->finalizer != NULL)
          suspects->all[k].finalizer->unreachable = true;
      }
  }
}

void nck_orphan_judge(struct nck_thread_state *thread, const void *sp) {
  struct suspects suspects = {.n = 0};
  if (!nck_runtime_has_uv() || !(nck_finding_wanted(NCK_FINDING_EXTERNAL_WITHOUT_FINALIZER) ||
                                 nck_finding_wanted(NCK_FINDING_WRAP_REFERENCE_DELETED_EARLY)))
    return;
  for (const struct nck_env *state = thread->envs; state != NULL; state = state->next_on_thread)
    if (state->state == NCK_ENV_ALIVE)
      suspects.max += (state->orphans != NULL ? MOST_NOTED : 0) + MOST_WRAPS;
  size_t one = sizeof *suspects.all + sizeof *suspects.blocks + sizeof *suspects.is_found,
         bytes = suspects.max * one;
  char *memory = bytes != 0 ? nck_own_alloc(bytes) : NULL;
  if (memory == NULL)
    return;
  suspects.all = (struct suspect *)(void *)memory;
  suspects.blocks = (struct nck_range *)(void *)(suspects.all + suspects.max);
  suspects.is_found = (bool *)(void *)(suspects.blocks + suspects.max);
  for (struct nck_env *state = thread->envs; state != NULL; state = state->next_on_thread)
    if (state->state == NCK_ENV_ALIVE)
      collect(&suspects, state);
  if (suspects.n >= LEAST_LOST)
    judge(&suspects, sp);
  nck_own_free(memory, bytes);
  for (struct nck_env *state = thread->envs; state != NULL; state = state->next_on_thread) {
    nck_own_free(state->orphans, sizeof *state->orphans);
    state->orphans = NULL;
  }
}
