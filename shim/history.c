// history.c: every reference's own history. Contracts in history.h, the rows in record.h.
#include "history.h"

#include "object.h"
#include "options.h"
#include "recorder.h"

enum { MOST_ROWS = 100000 };

static const struct nck_fate *row_of(uint32_t step) { return &nck_recorder.fates[step]; }

// The verb of a step as it was noted, without what only the chain needs.
static uint32_t verb_of(uint32_t step) { return row_of(step)->verb & NCK_STEP_VERB_MASK; }

static bool is_same(uint32_t step, uint32_t stack, uint32_t verb) {
  return step != 0 && !(row_of(step)->verb & NCK_STEP_FIRST) && verb_of(step) == verb &&
         row_of(step)->stack == stack;
}

static bool is_repeated(uint32_t step) {
  return step != 0 && row_of(step)->verb & NCK_STEP_REPEATED;
}

static uint32_t before(uint32_t step) {
  return step == 0 || row_of(step)->verb & NCK_STEP_FIRST ? 0 : row_of(step)->site;
}

static bool is_alike(uint32_t a, uint32_t b) {
  return a != 0 && b != 0 && is_same(a, row_of(b)->stack, verb_of(b));
}

static uint32_t append(uint32_t step, uint32_t stack, uint32_t verb) {
  uint32_t depth = (row_of(step)->verb >> NCK_STEP_DEPTH_SHIFT) + 1;
  return nck_fate_find(step, stack, verb | NCK_STEP | depth << NCK_STEP_DEPTH_SHIFT);
}

// The step that follows; 0 when there is no room.
static uint32_t follow(uint32_t step, uint32_t stack, uint32_t verb) {
  uint32_t one = before(step), two = before(one), three = before(two);
  bool ends = verb != NCK_FATE_REF && verb != NCK_FATE_UNREF;
  if (!ends && is_same(step, stack, verb)) { // a, a, a and so on
    if (is_repeated(step))
      return step;
    if (is_same(one, stack, verb))
      return append(step, stack, verb | NCK_STEP_REPEATED);
  } else if (!ends && is_same(one, stack, verb)) { // a, b, a, b and so on
    if (is_repeated(step) && is_repeated(one))
      return one;
    if (is_alike(step, two) && (is_same(three, stack, verb) || is_repeated(step)))
      return append(step, stack, verb | NCK_STEP_REPEATED);
  }
  if (!ends && verb_of(step) == NCK_FATE_MORE)
    return step;
  if (!ends && row_of(step)->verb >> NCK_STEP_DEPTH_SHIFT >= NCK_HISTORY_MOST_STEPS)
    return append(step, 0, NCK_FATE_MORE);
  return append(step, stack, verb);
}

// Where the history of an object begins that has none yet: with the count before this step.
static uint32_t begin(const struct nck_object *object, uint32_t verb) {
  uint32_t count = object->count;
  if (verb == NCK_FATE_REF && count > 0)
    count--;
  else if (verb == NCK_FATE_UNREF)
    count++;
  return nck_fate_find(object->site, count, NCK_FATE_CREATED | NCK_STEP | NCK_STEP_FIRST);
}

void nck_history_note(struct nck_object *object, uint32_t stack, uint32_t verb) {
  if (!nck_options.history_full || object->kind != NCK_KIND_REFERENCE)
    return;
  bool is_full =
      __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_FATE], __ATOMIC_RELAXED) >= MOST_ROWS;
  uint32_t step = object->next != 0 ? object->next : begin(object, verb);
  if (step != 0)
    step = is_full ? nck_fate_find(0, 0, NCK_FATE_MORE | NCK_STEP | NCK_STEP_FIRST)
                   : follow(step, stack, verb);
  object->next = step;
  if (step != 0 && verb != NCK_FATE_REF && verb != NCK_FATE_UNREF)
    __atomic_fetch_add(&nck_recorder.fates[step].count, 1, __ATOMIC_RELAXED);
}
