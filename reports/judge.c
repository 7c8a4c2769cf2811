// judge.c: which of the objects that live are leaks, and on what evidence.
//
// Objects are counted by (call site, kind, evidence) in one pass; what is said is said once for
// each such group. Evidence was taken by the library's scan when the env or the process ended;
// growth is judged here, from the site's series. A note is the answer whenever there is a doubt:
// the tool went blind, the process was killed, the scan failed.
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"
#include "history.h"
#include "judge_growth.h"

#define MAX_PLACES 8
#define MAX_SHARES 64 // envs told apart in one finding

enum evidence_class { CLASS_LOST, CLASS_HELD, CLASS_QUEUED, CLASS_LIVE, N_CLASSES };
static const char *const class_words[N_CLASSES] = {"lost", "held", "queued", "live"};

// Where a copy was found; the addresses differ, the places are few.
struct place {
  uint8_t evidence;
  uint16_t module;
  uint64_t offset;
  uint64_t count;
};

// Where memory that held a copy of lost ones was given back; the rest is counted only.
#define MAX_LOSSES 8
#define SHOWN_LOSSES 3
struct loss {
  uint32_t stack;
  uint64_t count;
};

struct group {
  uint32_t site, first_env;
  uint8_t kind;
  bool weak;
  enum evidence_class evidence;
  uint64_t count, n_init, n_counted_up, n_value_dead;
  uint64_t by_value_type[NCK_N_VALUES];
  uint64_t bytes, bytes_by_value_type[NCK_N_VALUES]; // of memory that values stand for
  uint32_t first_ms, last_ms;
  struct place places[MAX_PLACES];
  uint32_t n_places;
  uint64_t n_elsewhere; // held in places beyond MAX_PLACES
  struct nck_report_share shares[MAX_SHARES];
  uint32_t n_shares;
  struct nck_history_counts histories;
  struct loss losses[MAX_LOSSES];
  uint32_t n_losses;
  struct group *next; // in the order of their making
};

struct judge {
  struct nck_collector *collector;
  struct nck_map groups;
  struct nck_map memories; // that were counted, by what a reference tells of them and the group
  struct group *first, **end;
  uint32_t *n_closing; // of each site, threadsafe functions that were released to zero
  uint32_t n_sites;
};

static enum evidence_class class_of(const struct nck_object *object) {
  // Queued work is the runtime's until its complete callback has run.
  if (object->kind == NCK_KIND_ASYNC_WORK && object->flags & NCK_OBJECT_QUEUED)
    return CLASS_QUEUED;
  if (object->evidence == NCK_EVIDENCE_NONE)
    return CLASS_LIVE;
  return object->evidence == NCK_EVIDENCE_LOST ? CLASS_LOST : CLASS_HELD;
}

static void note_place(struct group *group, const struct nck_object *object) {
  struct place place = {.evidence = object->evidence, .count = 1};
  if (object->evidence == NCK_EVIDENCE_STATIC) {
    place.module = object->held_module;
    place.offset = object->held_offset;
  } else if (object->evidence == NCK_EVIDENCE_STACK) {
    place.offset = object->held_offset;
  }
  for (uint32_t i = 0; i < group->n_places; i++) {
    struct place *known = &group->places[i];
    if (known->evidence == place.evidence && known->module == place.module &&
        known->offset == place.offset) {
      known->count++;
      return;
    }
  }
  if (group->n_places < MAX_PLACES)
    group->places[group->n_places++] = place;
  else
    group->n_elsewhere++;
}

static void note_env(struct judge *judge, struct group *group, const struct nck_object *object) {
  struct nck_report_process *process = judge->collector->process;
  if (object->env && object->env <= process->n_envs) {
    struct nck_report_env *env = &process->envs[object->env - 1];
    env->n_lost += group->evidence == CLASS_LOST;
    env->n_held += group->evidence == CLASS_HELD;
  }
  // Objects of one env mostly stand side by side.
  for (uint32_t i = group->n_shares; i-- > 0;) {
    if (group->shares[i].env == object->env) {
      group->shares[i].count++;
      return;
    }
  }
  if (group->n_shares < MAX_SHARES)
    group->shares[group->n_shares++] = (struct nck_report_share){object->env, 1};
}

static void note_loss(struct group *group, uint32_t stack) {
  for (uint32_t i = 0; i < group->n_losses; i++) {
    if (group->losses[i].stack == stack) {
      group->losses[i].count++;
      return;
    }
  }
  if (group->n_losses < MAX_LOSSES)
    group->losses[group->n_losses++] = (struct loss){stack, 1};
}

static bool is_judged(uint8_t kind) {
  return kind == NCK_KIND_REFERENCE || kind == NCK_KIND_ASYNC_WORK ||
         kind == NCK_KIND_THREADSAFE_FUNCTION || kind == NCK_KIND_DEFERRED ||
         kind == NCK_KIND_ASYNC_CONTEXT;
}

// Memory that several values share is counted once.
static void note_value(struct judge *judge, struct group *group, const struct nck_object *object) {
  uint8_t type = object->value_type < NCK_N_VALUES ? object->value_type : 0;
  group->by_value_type[type]++;
  if (!nck_value_has_memory(type) || !object->data ||
      object->flags & (NCK_OBJECT_WRAP | NCK_OBJECT_FINALIZER))
    return;
  uint64_t key = (object->data ^ (uint64_t)(uintptr_t)group) * 0x9e3779b97f4a7c15ull;
  void **place = nck_map_place(&judge->memories, key ? key : 1);
  if (*place)
    return;
  *place = group;
  group->bytes += object->data & NCK_MEMORY_BYTES_MASK;
  group->bytes_by_value_type[type] += object->data & NCK_MEMORY_BYTES_MASK;
}

static void note_object(const struct nck_object *object, void *arg) {
  struct judge *judge = arg;
  if (object->state != NCK_OBJECT_LIVE || object->flags & NCK_OBJECT_IGNORED)
    return;
  // An async cleanup hook matters once it has run.
  bool hook_ran = object->kind == NCK_KIND_CLEANUP_HOOK && object->flags & NCK_OBJECT_QUEUED;
  if (!is_judged(object->kind) && !hook_ran)
    return;
  // Released to zero: it goes away with its last turn of the event loop, nobody owes it anything.
  if (object->kind == NCK_KIND_THREADSAFE_FUNCTION && object->flags & NCK_OBJECT_CLOSING) {
    if (object->site < judge->n_sites)
      judge->n_closing[object->site]++;
    return;
  }
  if (judge->collector->only_lost && object->evidence != NCK_EVIDENCE_LOST)
    return;
  uint32_t ended_thread = judge->collector->ended_thread;
  if (ended_thread &&
      (object->evidence != NCK_EVIDENCE_LOST ||
       nck_record_env(judge->collector->record, object->env)->thread != ended_thread))
    return;
  bool weak = object->kind == NCK_KIND_REFERENCE && !object->count;
  enum evidence_class evidence = class_of(object);
  uint64_t key =
      (uint64_t)object->site << 32 | (uint64_t)object->kind << 8 | (uint64_t)weak << 4 | evidence;
  struct group **place = (struct group **)nck_map_place(&judge->groups, key);
  struct group *group = *place;
  if (!group) {
    group = *place = nck_arena_take(judge->collector->arena, sizeof *group);
    group->site = object->site;
    group->first_env = object->env;
    group->kind = object->kind;
    group->weak = weak;
    group->evidence = evidence;
    group->first_ms = object->created_ms;
    *judge->end = group;
    judge->end = &group->next;
  }
  group->count++;
  group->n_init += (object->flags & NCK_OBJECT_INIT) != 0;
  group->n_counted_up += object->count > 1;
  group->n_value_dead += (object->flags & NCK_OBJECT_VALUE_DEAD) != 0;
  note_env(judge, group, object);
  note_value(judge, group, object);
  if (object->created_ms < group->first_ms)
    group->first_ms = object->created_ms;
  if (object->created_ms > group->last_ms)
    group->last_ms = object->created_ms;
  if (object->kind == NCK_KIND_REFERENCE)
    nck_history_count(&group->histories, object);
  if (evidence == CLASS_HELD)
    note_place(group, object);
  if (evidence == CLASS_LOST && object->end_stack)
    note_loss(group, object->end_stack);
}

static enum nck_finding_kind finding_kind_of(uint8_t kind, bool weak) {
  switch (kind) {
  case NCK_KIND_ASYNC_WORK:
    return NCK_FINDING_LEAKED_ASYNC_WORK;
  case NCK_KIND_THREADSAFE_FUNCTION:
    return NCK_FINDING_LEAKED_THREADSAFE_FUNCTION;
  case NCK_KIND_DEFERRED:
    return NCK_FINDING_UNSETTLED_DEFERRED;
  case NCK_KIND_ASYNC_CONTEXT:
    return NCK_FINDING_LEAKED_ASYNC_CONTEXT;
  case NCK_KIND_CLEANUP_HOOK:
    return NCK_FINDING_ASYNC_CLEANUP_HOOK_NOT_REMOVED;
  default:
    return weak ? NCK_FINDING_LEAKED_WEAK_REFERENCE : NCK_FINDING_LEAKED_REFERENCE;
  }
}

// The end came in the middle of the program's work: what it held then it might have released later.
static bool ended_abnormally(const struct nck_collector *collector) {
  const struct nck_report_process *process = collector->process;
  return !process->end_known || process->end_in_call || process->end_code != 0 ||
         strcmp(process->end_how, "exit") != 0;
}

// What leak_check= says about an evidence; `all` and `held` make held ones count as well.
static bool counts(const struct nck_collector *collector, const char *evidence) {
  if (nck_options_has(collector->options, NCK_OPTION_leak_check, evidence) ||
      nck_options_has(collector->options, NCK_OPTION_leak_check, "all"))
    return true;
  return false;
}

static const char *place_text(struct nck_collector *collector, const struct place *place) {
  struct nck_arena *arena = collector->arena;
  switch (place->evidence) {
  case NCK_EVIDENCE_STATIC: {
    const struct nck_report_module *module = nck_collect_module(collector, place->module);
    if (!module)
      return "static data";
    const char *variable =
        nck_symbolizer_variable(collector->symbolizer, place->module, place->offset);
    return nck_arena_print(arena, "static data of %s (%s%s0x%llx)", module->file, variable,
                           *variable ? ", +" : "+", (unsigned long long)place->offset);
  }
  case NCK_EVIDENCE_HEAP:
    return "heap";
  case NCK_EVIDENCE_STACK:
    return place->offset
               ? nck_arena_print(arena, "stack of thread %llu", (unsigned long long)place->offset)
               : "stack of a thread";
  case NCK_EVIDENCE_SHARED:
    return "shared memory";
  default:
    return "other memory of the process";
  }
}

static int compare_places(const void *left, const void *right) {
  const struct nck_report_place *a = left, *b = right;
  return a->count > b->count ? -1 : a->count < b->count;
}

static void set_places(struct nck_collector *collector, struct nck_report_finding *finding,
                       const struct group *group) {
  struct nck_report_place places[MAX_PLACES + 1];
  uint32_t n = 0;
  for (uint32_t i = 0; i < group->n_places; i++) {
    const char *text = place_text(collector, &group->places[i]);
    places[n++] = (struct nck_report_place){text, group->places[i].count};
  }
  qsort(places, n, sizeof *places, compare_places);
  if (group->n_elsewhere)
    places[n++] = (struct nck_report_place){"other places", group->n_elsewhere};
  finding->places = nck_arena_copy(collector->arena, places, n, sizeof *places);
  finding->n_places = n;
}

static const char *made_by(struct nck_collector *collector, const struct nck_report_site *site) {
  if (!site)
    return "";
  const struct nck_report_frame *frame = nck_report_stack_site(&site->stack);
  const char *by = *site->function ? site->function : "the addon";
  if (!frame)
    return nck_arena_print(collector->arena, " made by %s", by);
  // An offset of a stripped addon tells its user nothing, the line of his own that called it does.
  const struct nck_report_js_frame *js = site->stack.n_js ? &site->stack.js[0] : NULL;
  const char *from = "";
  if (js && !*frame->function && !frame->line)
    from = nck_arena_print(collector->arena, " (first for %s:%u)", js->file, js->line);
  return nck_arena_print(collector->arena, " made by %s in %s%s", by,
                         nck_report_frame_text(collector->arena, frame), from);
}

static void set_values(struct nck_collector *collector, struct nck_report_finding *finding,
                       const struct group *group) {
  struct nck_report_value values[NCK_N_VALUES];
  uint32_t n = 0;
  for (unsigned type = 1; type < NCK_N_VALUES; type++) {
    const char *word = nck_value_type_word(type);
    if (word && group->by_value_type[type])
      values[n++] = (struct nck_report_value){word, group->by_value_type[type],
                                              group->bytes_by_value_type[type]};
  }
  finding->values = nck_arena_copy(collector->arena, values, n, sizeof *values);
  finding->n_values = n;
}

static const char *noun_of(uint8_t kind, bool weak, uint64_t count) {
  if (kind == NCK_KIND_REFERENCE && weak)
    return count == 1 ? "weak reference (count 0)" : "weak references (count 0)";
  if (kind == NCK_KIND_REFERENCE)
    return count == 1 ? "strong reference" : "strong references";
  return count == 1 ? nck_object_kind_singular(kind) : nck_object_kind_plural(kind);
}

static const char *missed_call(uint8_t kind, bool plural) {
  switch (kind) {
  case NCK_KIND_THREADSAFE_FUNCTION:
    return plural ? "were never released" : "was never released";
  case NCK_KIND_DEFERRED:
    return plural ? "were neither resolved nor rejected" : "was neither resolved nor rejected";
  case NCK_KIND_ASYNC_CONTEXT:
    return plural ? "were never destroyed" : "was never destroyed";
  default:
    return plural ? "were never deleted" : "was never deleted";
  }
}

static const char *group_message(struct nck_collector *collector, const struct group *group,
                                 const struct nck_report_site *site,
                                 const struct nck_report_finding *finding) {
  bool plural = group->count != 1;
  const char *head =
      nck_arena_print(collector->arena, "%llu %s%s %s", (unsigned long long)group->count,
                      noun_of(group->kind, group->weak, group->count), made_by(collector, site),
                      missed_call(group->kind, plural));
  const char *it = plural ? "them" : "it";
  if (group->kind == NCK_KIND_CLEANUP_HOOK)
    return nck_arena_print(
        collector->arena,
        "%llu async cleanup hook%s%s ran and %s never removed: the env waits for "
        "that before it ends",
        (unsigned long long)group->count, plural ? "s" : "", made_by(collector, site),
        plural ? "were" : "was");
  switch (group->evidence) {
  case CLASS_LOST:
    return nck_arena_print(
        collector->arena,
        "%s, and no copy of %s is left anywhere in the process's memory: nobody can "
        "release %s any more",
        head, plural ? "these handles" : "its handle", it);
  case CLASS_HELD:
    return nck_arena_print(collector->arena, "%s; the addon still holds %s: %s", head, it,
                           finding->n_places ? finding->places[0].text : "memory of the process");
  case CLASS_QUEUED:
    return nck_arena_print(collector->arena, "%llu %s%s %s still queued or running at the end",
                           (unsigned long long)group->count,
                           noun_of(group->kind, group->weak, group->count),
                           made_by(collector, site), plural ? "were" : "was");
  default:
    return nck_arena_print(collector->arena, "%llu %s%s %s alive", (unsigned long long)group->count,
                           noun_of(group->kind, group->weak, group->count),
                           made_by(collector, site), plural ? "are" : "is");
  }
}

struct fact_list {
  const char *facts[12];
  uint32_t n;
};

static void add_fact(struct fact_list *list, const char *fact) {
  if (list->n < sizeof list->facts / sizeof *list->facts)
    list->facts[list->n++] = fact;
}

static void add_value_fact(struct nck_collector *collector, struct fact_list *list,
                           const struct group *group, const char *class_name) {
  struct nck_text text = {0};
  for (unsigned type = 1; type < NCK_N_VALUES; type++) {
    const char *word = nck_value_type_word(type);
    uint64_t n = group->by_value_type[type];
    if (word && n)
      nck_text_add(&text, "%s%llu %s%s", text.length ? ", " : "", (unsigned long long)n, word,
                   n == 1 ? "" : "s");
  }
  if (text.length)
    add_fact(list,
             nck_arena_print(collector->arena, "refers to: %s%s%s%s", text.text,
                             *class_name ? " (class " : "", class_name, *class_name ? ")" : ""));
  nck_text_drop(&text);
}

// "the 97 references hold 97.0 MiB of ArrayBuffer"
static void add_memory_fact(struct nck_arena *arena, struct fact_list *list,
                            const struct group *group) {
  struct nck_text text = {0};
  uint64_t n = 0;
  for (unsigned type = NCK_VALUE_ARRAYBUFFER; type <= NCK_VALUE_DATAVIEW; type++) {
    uint64_t bytes = group->bytes_by_value_type[type];
    if (!bytes)
      continue;
    n += group->by_value_type[type];
    nck_text_add(&text, "%s%s of %s%s", text.length ? ", " : "", nck_bytes_text(arena, bytes),
                 nck_value_type_word(type), type == NCK_VALUE_VIEW ? "s" : "");
  }
  if (text.length)
    add_fact(list, nck_arena_print(arena, "%llu %s %s %s", (unsigned long long)n,
                                   n == 1 ? "reference" : "references", n == 1 ? "holds" : "hold",
                                   text.text));
  nck_text_drop(&text);
}

// What the leaked ones lack: how others of the same site ended; and how often they were counted up
// and down.
static void add_fate_facts(struct nck_collector *collector, struct fact_list *list,
                           const struct nck_report_site *site) {
  for (uint32_t i = 0; site && i < site->n_fates && i < 4; i++) {
    const struct nck_report_fate *fate = &site->fates[i];
    const struct nck_report_frame *frame = nck_report_stack_site(&fate->stack);
    if (!strcmp(fate->verb, "referenced") || !strcmp(fate->verb, "unreferenced")) {
      add_fact(list, nck_arena_print(collector->arena,
                                     "objects of this call site were %s %llu time%s%s%s",
                                     fate->verb, (unsigned long long)fate->count,
                                     fate->count == 1 ? "" : "s", frame ? " in " : "",
                                     frame ? nck_report_frame_text(collector->arena, frame) : ""));
      continue;
    }
    add_fact(list, nck_arena_print(collector->arena, "%llu other%s of this call site w%s %s%s%s",
                                   (unsigned long long)fate->count, fate->count == 1 ? "" : "s",
                                   fate->count == 1 ? "as" : "ere", fate->verb, frame ? " in " : "",
                                   frame ? nck_report_frame_text(collector->arena, frame) : ""));
  }
}

// Of the objects that the same call made for other callers: how often that was done to them, and
// the stack at which it was done most often. 0: never.
static uint64_t count_twin_fates(const struct nck_collector *collector, uint32_t row,
                                 enum nck_fate_verb verb, uint32_t *stack, bool *elsewhere) {
  struct nck_map by_frame = {0};
  uint64_t most = 0, sum = 0;
  uint32_t twin = nck_collect_twins(collector, row);
  for (uint32_t n = 0; twin && n < NCK_MOST_TWINS; n++, twin = collector->next_twin[twin]) {
    for (uint32_t i = collector->fates_by_site[twin]; i; i = collector->next_fate[i]) {
      const struct nck_fate *fate = nck_record_fate(collector->record, i);
      uint64_t frame = nck_collect_frame(collector, fate->stack);
      if (fate->verb != verb || !frame)
        continue;
      void **place = nck_map_place(&by_frame, frame);
      uint64_t count = (uint64_t)(uintptr_t)*place + fate->count;
      *place = (void *)(uintptr_t)count;
      sum += fate->count;
      if (count > most) {
        most = count;
        *stack = fate->stack;
      }
    }
  }
  nck_map_drop(&by_frame);
  *elsewhere = sum > most;
  return sum;
}

static uint64_t count_fates(const struct nck_collector *collector, uint32_t row,
                            enum nck_fate_verb verb) {
  uint64_t count = 0;
  for (uint32_t i = collector->fates_by_site[row]; i; i = collector->next_fate[i]) {
    const struct nck_fate *fate = nck_record_fate(collector->record, i);
    count += fate->verb == verb ? fate->count : 0;
  }
  return count;
}

// The calls that these lack and that others got which the same call made for other callers.
static void add_twin_facts(struct nck_collector *collector, struct fact_list *list, uint32_t row) {
  static const enum nck_fate_verb verbs[] = {NCK_FATE_UNREF, NCK_FATE_DELETED};
  if (!row || row >= nck_record_count(collector->record, NCK_TABLE_SITE))
    return;
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    bool lacks = verbs[i] == NCK_FATE_DELETED ? !count_fates(collector, row, NCK_FATE_DELETED)
                                              : !count_fates(collector, row, NCK_FATE_UNREF) &&
                                                    count_fates(collector, row, NCK_FATE_REF);
    uint32_t stack = 0;
    bool elsewhere = false;
    uint64_t count = lacks ? count_twin_fates(collector, row, verbs[i], &stack, &elsewhere) : 0;
    if (!count)
      continue;
    struct nck_report_stack at =
        nck_symbolizer_stack(collector->symbolizer, stack, NCK_ROLE_DELETED, 0);
    const struct nck_report_frame *frame = nck_report_stack_site(&at);
    const char *where = frame ? nck_report_frame_text(collector->arena, frame) : "";
    const char *most = elsewhere ? ", most of them" : "", *in = frame ? " in " : "";
    if (verbs[i] == NCK_FATE_DELETED)
      add_fact(list, nck_arena_print(collector->arena,
                                     "%llu other%s, made by the same call for other callers, w%s "
                                     "deleted%s%s%s",
                                     (unsigned long long)count, count == 1 ? "" : "s",
                                     count == 1 ? "as" : "ere", most, in, where));
    else
      add_fact(list, nck_arena_print(collector->arena,
                                     "others, made by the same call for other callers, were %s "
                                     "%llu time%s%s%s%s",
                                     nck_fate_word(verbs[i]), (unsigned long long)count,
                                     count == 1 ? "" : "s", most, in, where));
  }
}

static int compare_losses(const void *left, const void *right) {
  const struct loss *a = left, *b = right;
  return a->count > b->count ? -1 : a->count < b->count;
}

// The stacks of the losses behind that of the creation, and how many objects each stands for.
static void add_losses(struct nck_collector *collector, struct nck_report_finding *finding,
                       const struct group *group, struct fact_list *list) {
  struct nck_arena *arena = collector->arena;
  if (!group->n_losses)
    return;
  struct loss losses[MAX_LOSSES];
  memcpy(losses, group->losses, group->n_losses * sizeof *losses);
  qsort(losses, group->n_losses, sizeof *losses, compare_losses);
  uint32_t n_shown = group->n_losses < SHOWN_LOSSES ? group->n_losses : SHOWN_LOSSES;
  uint32_t n = finding->n_stacks;
  struct nck_report_stack *stacks = nck_arena_take(arena, (n + n_shown) * sizeof *stacks);
  if (n)
    memcpy(stacks, finding->stacks, n * sizeof *stacks);
  for (uint32_t i = 0; i < n_shown; i++) {
    stacks[n] = nck_symbolizer_stack(collector->symbolizer, losses[i].stack, NCK_ROLE_LOST, 0);
    const struct nck_report_frame *frame = nck_report_stack_site(&stacks[n++]);
    add_fact(list, nck_arena_print(
                       arena,
                       "the last memory with a copy of %llu of them was given back%s%s (where "
                       "a copy was written over cannot be seen)",
                       (unsigned long long)losses[i].count, frame ? " in " : "",
                       frame ? nck_report_frame_text(arena, frame) : ""));
  }
  finding->stacks = stacks;
  finding->n_stacks = n;
}

static void set_facts(struct nck_collector *collector, struct nck_report_finding *finding,
                      const struct group *group) {
  struct nck_arena *arena = collector->arena;
  struct fact_list list = {.n = 0};
  if (finding->site && *finding->site->label)
    add_fact(&list, nck_arena_print(arena, "labelled: %s", finding->site->label));
  add_losses(collector, finding, group, &list);
  add_value_fact(collector, &list, group, finding->site ? finding->site->class_name : "");
  if (group->n_value_dead)
    add_fact(&list, nck_arena_print(arena, "of %llu the value has been collected already",
                                    (unsigned long long)group->n_value_dead));
  if (group->n_counted_up)
    add_fact(&list, nck_arena_print(arena, "%llu %s a count above 1",
                                    (unsigned long long)group->n_counted_up,
                                    group->n_counted_up == 1 ? "has" : "have"));
  if (group->n_init)
    add_fact(&list, nck_arena_print(arena, "%llu were made while the module initialised",
                                    (unsigned long long)group->n_init));
  add_memory_fact(arena, &list, group);
  const char *lack = nck_history_set(collector, finding, &group->histories, group->site);
  if (*lack)
    add_fact(&list, lack);
  add_fate_facts(collector, &list, finding->site);
  add_twin_facts(collector, &list, group->site);
  finding->facts = nck_arena_copy(arena, list.facts, list.n, sizeof *list.facts);
  finding->n_facts = list.n;
}

// What initialisers make is one set for each env, which takes it along: class constructors whose
// reference nobody needs again, a binding's own threadsafe function.
#define MOST_INIT 64

static void set_severity(struct nck_collector *collector, struct nck_report_finding *finding,
                         const struct group *group) {
  enum evidence_class evidence = group->evidence;
  const struct nck_report_process *process = collector->process;
  if (group->kind == NCK_KIND_CLEANUP_HOOK) {
    finding->severity = NCK_SEVERITY_WARNING;
    finding->reason = "the clean-up may have been about to finish";
    return;
  }
  finding->severity = NCK_SEVERITY_NOTE;
  if (evidence == CLASS_LIVE) {
    finding->reason =
        !strcmp(process->end_how, "running") ? "the process is running: what lives may be in use"
        : !process->end_known
            ? "memory was not searched when the process ended: what lived then may "
              "have been in use"
        : *process->scan_reason
            ? nck_arena_print(collector->arena, "memory was not searched for copies: %s",
                              process->scan_reason)
            : "memory was not searched for copies";
  } else if (evidence == CLASS_QUEUED) {
    finding->reason = "the runtime had not finished it";
  } else if (process->blind_ms) {
    finding->reason = nck_arena_print(collector->arena, "napicheck had stopped judging: %s",
                                      process->blind_reason);
  } else if (evidence == CLASS_HELD && ended_abnormally(collector)) {
    finding->reason = "the addon still held it when the program ended in the middle of its work";
  } else if (evidence == CLASS_LOST && group->n_init == group->count && group->count <= MOST_INIT &&
             !nck_options_has(collector->options, NCK_OPTION_leak_check, "all")) {
    finding->reason = "made while the module initialised, once for each env, and gone with it";
  } else if (!counts(collector, class_words[evidence])) {
    finding->reason = evidence == CLASS_HELD
                          ? "the addon still holds it, and Node frees it with the env; "
                            "leak_check=all makes it count"
                          : "leak_check leaves it out";
  } else {
    finding->severity = NCK_SEVERITY_LEAK;
  }
}

static void set_creation(struct nck_collector *collector, struct nck_report_finding *finding,
                         const struct nck_report_site *site) {
  finding->site = site;
  if (site) {
    finding->stacks = &site->stack;
    finding->n_stacks = 1;
    finding->init = site->init;
  }
  nck_fingerprint_set(collector->arena, finding);
}

static void say_group(struct nck_collector *collector, const struct group *group) {
  enum nck_finding_kind kind = finding_kind_of(group->kind, group->weak);
  if (!nck_options_check(collector->options, nck_kinds[kind].group))
    return;
  const struct nck_site *row = nck_record_site(collector->record, group->site);
  const struct nck_env_row *env = nck_record_env(collector->record, group->first_env);
  struct nck_report_finding *finding = nck_collect_finding(
      collector, kind, row->module ? row->module : env->module, group->first_env, 0);
  finding->count = group->count;
  finding->evidence = class_words[group->evidence];
  finding->n_envs = group->n_shares;
  finding->n_shares = group->n_shares;
  finding->shares =
      nck_arena_copy(collector->arena, group->shares, group->n_shares, sizeof *group->shares);
  finding->first_ms = group->first_ms;
  finding->last_ms = group->last_ms;
  set_severity(collector, finding, group);
  set_creation(collector, finding, nck_collect_site(collector, group->site));
  finding->bytes = group->bytes;
  set_values(collector, finding, group);
  set_places(collector, finding, group);
  finding->message = group_message(collector, group, finding->site, finding);
  set_facts(collector, finding, group);
}

// May the garbage collector be the one who releases objects of this env? Then a rise means nothing
// before it has run.
static bool needs_gc(const struct nck_collector *collector) {
  const struct nck_counter *counters = collector->process->counters;
  return counters[NCK_KIND_WRAP].created || counters[NCK_KIND_EXTERNAL].created;
}

static const char *series_text(struct nck_arena *arena, const struct nck_series *series,
                               uint64_t live) {
  // Five points of the run say more than sixty.
  struct nck_text text = {0};
  for (uint32_t i = 1, before = 0; series && i <= 4; i++) {
    uint32_t n = series->n_buckets * i / 5;
    if (n > before) // a short run has fewer moments
      nck_text_add(&text, "%u, ", series->buckets[n - 1].last);
    before = n;
  }
  const char *result = nck_arena_print(arena, "%s%llu%s", text.length ? text.text : "",
                                       (unsigned long long)live, text.length ? "" : " in the end");
  nck_text_drop(&text);
  return result;
}

static enum nck_finding_kind growing_kind_of(uint16_t kind) {
  if (kind == NCK_KIND_REFERENCE)
    return NCK_FINDING_GROWING_REFERENCES;
  if (kind == NCK_KIND_CLEANUP_HOOK)
    return NCK_FINDING_GROWING_CLEANUP_HOOKS;
  return finding_kind_of((uint8_t)kind, false);
}

// What the held ones among those that grow hold, and what was done to them.
static const char *set_grown(const struct judge *judge, struct nck_report_finding *finding,
                             struct fact_list *list, uint32_t row, uint8_t kind) {
  struct nck_history_counts none = {.n_rows = 0};
  uint64_t key = (uint64_t)row << 32 | (uint64_t)kind << 8 | CLASS_HELD;
  const struct group *group = nck_map_find(&judge->groups, key);
  if (group && kind == NCK_KIND_REFERENCE) {
    finding->bytes = group->bytes;
    set_values(judge->collector, finding, group);
    add_value_fact(judge->collector, list, group, finding->site ? finding->site->class_name : "");
    add_memory_fact(judge->collector->arena, list, group);
  }
  return nck_history_set(judge->collector, finding, group ? &group->histories : &none, row);
}

// Says that a site grows. `lost` of its objects are told of elsewhere.
static void say_growth(const struct judge *judge, uint32_t row, uint64_t live, uint64_t lost) {
  struct nck_collector *collector = judge->collector;
  const struct nck_site *site = nck_record_site(collector->record, row);
  enum nck_finding_kind kind = growing_kind_of(site->kind);
  struct nck_report_finding *finding = nck_collect_finding(collector, kind, site->module, 0, 0);
  for (uint32_t i = 1; i < nck_record_count(collector->record, NCK_TABLE_ENV); i++) {
    if (!finding->env && nck_record_env(collector->record, i)->module == site->module) {
      finding->env = i;
      finding->thread = nck_collect_thread(collector, nck_record_env(collector->record, i)->thread);
    }
  }
  finding->severity = NCK_SEVERITY_LEAK;
  finding->evidence = "growing";
  finding->count = live - lost;
  finding->first_ms = site->first_ms;
  finding->last_ms = site->last_ms;
  set_creation(collector, finding, nck_collect_site(collector, row));
  uint64_t seconds_tenths = (collector->end_ms - site->first_ms) / 100;
  finding->message = nck_arena_print(
      collector->arena,
      "live %s%s rose through the whole run (%llu.%llu s) and never came back: %s%s",
      nck_object_kind_plural(site->kind), made_by(collector, finding->site),
      (unsigned long long)(seconds_tenths / 10), (unsigned long long)(seconds_tenths % 10),
      series_text(collector->arena, finding->site ? finding->site->series : NULL, live),
      site->released_at_teardown ? "; only the end of the env released them" : "");
  struct fact_list list = {.n = 0};
  if (lost)
    add_fact(&list, nck_arena_print(collector->arena, "%llu more of this call site are lost",
                                    (unsigned long long)lost));
  const char *lack = set_grown(judge, finding, &list, row, (uint8_t)site->kind);
  if (*lack)
    add_fact(&list, lack);
  add_fate_facts(collector, &list, finding->site);
  add_twin_facts(collector, &list, row);
  finding->facts = nck_arena_copy(collector->arena, list.facts, list.n, sizeof *list.facts);
  finding->n_facts = list.n;
}

// Objects of a site in one class, weak and strong together.
static uint64_t count_class(const struct judge *judge, uint32_t site, uint8_t kind,
                            enum evidence_class evidence) {
  uint64_t count = 0;
  for (unsigned weak = 0; weak < 2; weak++) {
    uint64_t key = (uint64_t)site << 32 | (uint64_t)kind << 8 | (uint64_t)weak << 4 | evidence;
    const struct group *group = nck_map_find(&judge->groups, key);
    count += group ? group->count : 0;
  }
  return count;
}

static int compare_collections(const void *left, const void *right) {
  const struct nck_growth_collection *a = left, *b = right;
  return a->first_ms < b->first_ms ? -1 : a->first_ms > b->first_ms;
}

// The collections that the runtime told of.
static size_t copy_collections(const struct nck_series *row,
                               struct nck_growth_collection *collections) {
  for (uint32_t i = 0; i < row->n_buckets; i++) {
    const struct nck_series_bucket *bucket = &row->buckets[i];
    collections[i] =
        (struct nck_growth_collection){bucket->min, bucket->max, bucket->last, bucket->n_events};
  }
  return row->n_buckets;
}

// Where it does not tell, the moments at which finalizers ran that the collector calls. The caller
// frees.
static struct nck_growth_collection *find_collections(const struct nck_collector *collector,
                                                      size_t *n_collections) {
  const struct nck_record *record = collector->record;
  uint32_t n_rows = nck_record_count(record, NCK_TABLE_FINALIZER);
  struct nck_growth_collection *collections =
      nck_memory_take(n_rows + NCK_SERIES_BUCKETS, sizeof *collections);
  const struct nck_series *told = nck_record_series(record, record->header.collections);
  if (record->header.collections && told->n_buckets <= NCK_SERIES_BUCKETS) {
    *n_collections = copy_collections(told, collections);
    return collections;
  }
  size_t n = 0;
  for (uint32_t i = 1; i < n_rows; i++) {
    const struct nck_finalizer_row *row = nck_record_finalizer(record, i);
    if (row->order && (row->phase == NCK_PHASE_GC || row->phase == NCK_PHASE_DEFERRED))
      collections[n++] = (struct nck_growth_collection){row->ms, row->ms, 0, 1};
  }
  qsort(collections, n, sizeof *collections, compare_collections);
  // Thousands of finalizers run in one moment.
  size_t n_kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (!n_kept || collections[n_kept - 1].first_ms != collections[i].first_ms)
      collections[n_kept++] = collections[i];
  }
  *n_collections = n_kept;
  return collections;
}

static void count_weak(const struct judge *judge, uint32_t site,
                       struct nck_growth_context *context) {
  context->n_dead = context->n_weak_alive = 0;
  for (enum evidence_class evidence = 0; evidence < N_CLASSES; evidence++) {
    uint64_t key = (uint64_t)site << 32 | NCK_KIND_REFERENCE << 8 | 1ull << 4 | evidence;
    const struct group *group = nck_map_find(&judge->groups, key);
    if (group) {
      context->n_dead += group->n_value_dead;
      context->n_weak_alive += group->count - group->n_value_dead;
    }
  }
}

// Judges the growth of every site; marks in `grown` those whose held objects need no note of their
// own.
static void judge_sites(struct judge *judge, bool *grown) {
  struct nck_collector *collector = judge->collector;
  if (ended_abnormally(collector) || collector->process->blind_ms || !counts(collector, "growing"))
    return;
  struct nck_growth_context context = {
      .end_ms = collector->end_ms,
      .needs_gc = needs_gc(collector),
      .n_turns = collector->record->header.n_turns,
  };
  struct nck_growth_collection *collections = find_collections(collector, &context.n_collections);
  context.collections = collections;
  for (uint32_t i = 1; i < nck_record_count(collector->record, NCK_TABLE_SITE); i++) {
    const struct nck_site *site = nck_record_site(collector->record, i);
    enum nck_finding_kind kind = growing_kind_of(site->kind);
    if ((!is_judged((uint8_t)site->kind) && site->kind != NCK_KIND_CLEANUP_HOOK) ||
        !nck_options_check(collector->options, nck_kinds[kind].group))
      continue;
    count_weak(judge, i, &context);
    struct nck_series series;
    nck_record_site_series(collector->record, site, &series);
    struct nck_growth growth = nck_growth_judge(site, &series, &context);
    uint64_t lost = count_class(judge, i, (uint8_t)site->kind, CLASS_LOST);
    // When nearly all of them are lost, that says it already. Threadsafe functions without a
    // finalizer stay in the series when they are released, so it shows nothing.
    if (!growth.grows || growth.live <= lost + lost / 10 || judge->n_closing[i] > growth.live / 10)
      continue;
    say_growth(judge, i, growth.live, lost);
    grown[i] = true;
  }
  free(collections);
}

void nck_judge(struct nck_collector *collector) {
  if (nck_options_has(collector->options, NCK_OPTION_leak_check, "none"))
    return;
  struct judge judge = {.collector = collector};
  judge.end = &judge.first;
  judge.n_sites = nck_record_count(collector->record, NCK_TABLE_SITE);
  judge.n_closing = nck_memory_take(judge.n_sites, sizeof *judge.n_closing);
  if (!nck_record_each_object(collector->record, note_object, &judge))
    nck_report_add_note(collector->report, "the objects of %s could not all be read",
                        collector->record->path);
  bool *grown = nck_memory_take(judge.n_sites, sizeof *grown);
  if (!collector->ended_thread && !collector->only_lost) // growth is judged over the whole run
    judge_sites(&judge, grown);
  for (const struct group *group = judge.first; group; group = group->next) {
    bool told = group->evidence == CLASS_HELD && group->site < judge.n_sites && grown[group->site];
    if (!told)
      say_group(collector, group);
  }
  free(grown);
  free(judge.n_closing);
  nck_map_drop(&judge.groups);
  nck_map_drop(&judge.memories);
}
