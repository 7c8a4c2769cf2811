// history.c: histories of references. Contracts in history.h, the rows in record.h.
#include "history.h"

#include <stdlib.h>
#include <string.h>

#define MAX_STEPS (NCK_HISTORY_MOST_STEPS + 8)

static const struct nck_fate *step_of(const struct nck_collector *collector, uint32_t row) {
  const struct nck_fate *step = nck_record_fate(collector->record, row);
  return step->verb & NCK_STEP ? step : NULL;
}

// The rows of a history, its first step first. 0: none, or a damaged one.
static uint32_t find_steps(const struct nck_collector *collector, uint32_t last,
                           const struct nck_fate **steps) {
  uint32_t n = 0, row = last;
  const struct nck_fate *step = step_of(collector, row);
  while (step && n < MAX_STEPS) {
    steps[n++] = step;
    if (step->verb & NCK_STEP_FIRST)
      break;
    step = step->site < row ? step_of(collector, step->site) : NULL; // never in a circle
    row = steps[n - 1]->site;
  }
  if (!n || !(steps[n - 1]->verb & NCK_STEP_FIRST))
    return 0;
  for (uint32_t i = 0; i < n / 2; i++) {
    const struct nck_fate *swapped = steps[i];
    steps[i] = steps[n - 1 - i];
    steps[n - 1 - i] = swapped;
  }
  return n;
}

static uint32_t verb_of(const struct nck_fate *step) { return step->verb & NCK_STEP_VERB_MASK; }

void nck_history_count(struct nck_history_counts *counts, const struct nck_object *object) {
  uint32_t count = object->next ? 0 : object->count;
  for (uint32_t i = 0; i < counts->n_rows; i++) {
    if (counts->rows[i].step == object->next && counts->rows[i].count == count) {
      counts->rows[i].n_objects++;
      return;
    }
  }
  if (counts->n_rows == NCK_HISTORY_MOST)
    return;
  counts->rows[counts->n_rows].step = object->next;
  counts->rows[counts->n_rows].count = count;
  counts->rows[counts->n_rows++].n_objects = 1;
}

void nck_history_index(struct nck_collector *collector) {
  uint32_t n_sites = nck_record_count(collector->record, NCK_TABLE_SITE);
  uint32_t n_fates = nck_record_count(collector->record, NCK_TABLE_FATE);
  const struct nck_fate *steps[MAX_STEPS];
  for (uint32_t i = 1; i < n_fates; i++) {
    const struct nck_fate *step = step_of(collector, i);
    if (!step || !step->count || !find_steps(collector, i, steps))
      continue;
    uint32_t site = steps[0]->site;
    if (site && site < n_sites) {
      collector->next_fate[i] = collector->histories_by_site[site];
      collector->histories_by_site[site] = i;
    }
  }
}

static struct nck_report_step build_step(struct nck_collector *collector,
                                         const struct nck_fate *step) {
  return (struct nck_report_step){
      .action = nck_fate_word(verb_of(step)),
      .repeated = (step->verb & NCK_STEP_REPEATED) != 0,
      .place = nck_collect_frame(collector, step->stack),
      .stack = nck_symbolizer_stack(collector->symbolizer, step->stack, NCK_ROLE_NONE, 0),
  };
}

static struct nck_report_step build_first(uint64_t count) {
  return (struct nck_report_step){.action = nck_fate_word(NCK_FATE_CREATED),
                                  .count_known = true,
                                  .count = count,
                                  .stack = {.role = nck_role_word(NCK_ROLE_NONE)}};
}

static struct nck_report_history build(struct nck_collector *collector, uint32_t last,
                                       uint64_t count, uint64_t n_objects) {
  const struct nck_fate *rows[MAX_STEPS];
  uint32_t n = last ? find_steps(collector, last, rows) : 0;
  struct nck_report_step *steps = nck_arena_take(collector->arena, (n ? n : 1) * sizeof *steps);
  bool is_known = true, ended = false;
  if (n)
    count = rows[0]->stack;
  steps[0] = build_first(count);
  for (uint32_t i = 1; i < n; i++) {
    steps[i] = build_step(collector, rows[i]);
    uint32_t verb = verb_of(rows[i]);
    is_known &= !steps[i].repeated && verb != NCK_FATE_MORE;
    ended = verb != NCK_FATE_REF && verb != NCK_FATE_UNREF && verb != NCK_FATE_MORE;
    count = verb == NCK_FATE_REF ? count + 1 : verb == NCK_FATE_UNREF && count ? count - 1 : count;
    steps[i].count_known = is_known && !ended;
    steps[i].count = steps[i].count_known ? count : 0;
  }
  return (struct nck_report_history){
      .count = n_objects, .ended = ended, .steps = steps, .n_steps = n ? n : 1};
}

static int compare_histories(const void *left, const void *right) {
  const struct nck_report_history *a = left, *b = right;
  if (a->ended != b->ended)
    return a->ended - b->ended;
  return a->count > b->count ? -1 : a->count < b->count;
}

static bool is_same_step(const struct nck_report_step *a, const struct nck_report_step *b) {
  return !strcmp(a->action, b->action) && a->repeated == b->repeated && a->place == b->place;
}

const char *nck_history_step_text(struct nck_arena *arena, const struct nck_report_step *step) {
  const struct nck_report_frame *frame = nck_report_stack_site(&step->stack);
  const char *count =
      step->count_known ? nck_arena_print(arena, " (%llu)", (unsigned long long)step->count) : "";
  return nck_arena_print(arena, "%s%s%s%s%s", step->action, count, frame ? " in " : "",
                         frame ? nck_report_frame_text(arena, frame) : "",
                         step->repeated ? ", again and again" : "");
}

// What the most frequent history of those that ended has, and that of the most of these lacks.
static const char *find_lack(struct nck_arena *arena, const struct nck_report_finding *finding) {
  const struct nck_report_history *own = NULL, *ended = NULL;
  for (uint32_t i = 0; i < finding->n_histories; i++) {
    const struct nck_report_history *history = &finding->histories[i];
    const struct nck_report_history **which = history->ended ? &ended : &own;
    if (!*which)
      *which = history;
  }
  if (!own || !ended || own->n_steps >= ended->n_steps)
    return "";
  for (uint32_t i = 0; i < own->n_steps; i++) {
    if (!is_same_step(&own->steps[i], &ended->steps[i]))
      return "";
  }
  struct nck_text text = {0};
  for (uint32_t i = own->n_steps; i < ended->n_steps; i++)
    nck_text_add(&text, "%s%s", i > own->n_steps ? ", then " : "",
                 nck_history_step_text(arena, &ended->steps[i]));
  const char *result =
      nck_arena_print(arena, "%llu others that were made there went the same way and were then %s",
                      (unsigned long long)ended->count, text.text);
  nck_text_drop(&text);
  return result;
}

const char *nck_history_set(struct nck_collector *collector, struct nck_report_finding *finding,
                            const struct nck_history_counts *counts, uint32_t site) {
  if (!nck_options_has(collector->options, NCK_OPTION_history, "full") || !site ||
      site >= nck_record_count(collector->record, NCK_TABLE_SITE))
    return "";
  struct nck_report_history *histories = NULL;
  size_t n = 0, capacity = 0;
  for (uint32_t i = 0; i < counts->n_rows; i++) {
    histories = nck_memory_grow(histories, &capacity, n + 1, sizeof *histories);
    histories[n++] =
        build(collector, counts->rows[i].step, counts->rows[i].count, counts->rows[i].n_objects);
  }
  uint32_t twin = nck_collect_twins(collector, site);
  for (uint32_t t = 0; twin && t < NCK_MOST_TWINS; t++, twin = collector->next_twin[twin]) {
    for (uint32_t i = collector->histories_by_site[twin]; i; i = collector->next_fate[i]) {
      uint64_t n_objects = nck_record_fate(collector->record, i)->count;
      histories = nck_memory_grow(histories, &capacity, n + 1, sizeof *histories);
      histories[n++] = build(collector, i, 0, n_objects);
    }
  }
  if (n)
    qsort(histories, n, sizeof *histories, compare_histories);
  uint32_t n_kept = n < 2 * NCK_HISTORY_MOST ? (uint32_t)n : 2 * NCK_HISTORY_MOST;
  finding->histories = nck_arena_copy(collector->arena, histories, n_kept, sizeof *histories);
  finding->n_histories = n_kept;
  free(histories);
  return find_lack(collector->arena, finding);
}
