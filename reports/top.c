// top.c: samples of a running process's call sites: live counts, growth, difference since a mark.
#include "top.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collect.h"
#include "process.h"

#define WINDOW_MS 10000u

static const char *const order_words[NCK_N_TOP_ORDERS] = {"live", "growth", "created",
                                                          "peak", "mark",   "name"};

const char *nck_top_order_word(enum nck_top_order order) { return order_words[order]; }

enum nck_top_order nck_top_order_find(const char *word) {
  for (int i = 0; i < NCK_N_TOP_ORDERS; i++) {
    if (!strcmp(order_words[i], word))
      return (enum nck_top_order)i;
  }
  return NCK_N_TOP_ORDERS;
}

bool nck_top_open(struct nck_top *top, uint32_t pid, struct nck_error *error) {
  *top = (struct nck_top){.pid = pid};
  top->path = nck_process_find_record(pid, error);
  if (!top->path)
    return false;
  struct nck_record record;
  if (!nck_record_open(&record, top->path, error)) {
    free(top->path);
    return false;
  }
  nck_record_drop(&record);
  return true;
}

void nck_top_drop(struct nck_top *top) {
  free(top->path);
  free(top->sites);
  nck_arena_drop(&top->arena);
}

static const char *keep(struct nck_top *top, const char *text) {
  return nck_arena_print(&top->arena, "%s", text);
}

// A stack that outlives its report.
static struct nck_report_stack keep_stack(struct nck_top *top,
                                          const struct nck_report_stack *stack) {
  struct nck_report_frame *frames =
      nck_arena_copy(&top->arena, stack->frames, stack->n_frames, sizeof *frames);
  for (uint32_t i = 0; i < stack->n_frames; i++) {
    frames[i].function = keep(top, frames[i].function);
    frames[i].file = keep(top, frames[i].file);
    frames[i].path = keep(top, frames[i].path);
    if (frames[i].module) {
      struct nck_report_module *module =
          nck_arena_copy(&top->arena, frames[i].module, 1, sizeof *module);
      module->file = keep(top, module->file);
      module->path = keep(top, module->path);
      module->package = keep(top, module->package);
      module->version = keep(top, module->version);
      module->build_id = keep(top, module->build_id);
      frames[i].module = module;
    }
  }
  struct nck_report_js_frame *js = nck_arena_copy(&top->arena, stack->js, stack->n_js, sizeof *js);
  for (uint32_t i = 0; i < stack->n_js; i++) {
    js[i].function = keep(top, js[i].function);
    js[i].file = keep(top, js[i].file);
    js[i].path = keep(top, js[i].path);
  }
  return (struct nck_report_stack){keep(top, stack->role), frames, stack->n_frames, js,
                                   stack->n_js};
}

static const char *name_of(struct nck_top *top, const struct nck_report_stack *stack) {
  const struct nck_report_frame *frame = nck_report_stack_site(stack);
  const char *text = frame ? keep(top, nck_report_frame_text(&top->arena, frame)) : "";
  if (stack->n_js && (!frame || !*frame->function))
    text = nck_arena_print(&top->arena, "%s%s%s (%s:%u)", text, *text ? " by " : "",
                           *stack->js[0].function ? stack->js[0].function : "<anonymous>",
                           stack->js[0].file, stack->js[0].line);
  return text;
}

// Looks the names of new sites up.
static void add_sites(struct nck_top *top, const struct nck_record *record) {
  struct nck_options options;
  nck_options_new(&options);
  struct nck_report report = {0};
  nck_collect_live(&report, record, &options);
  if (!top->command && report.n_processes) {
    const struct nck_report_process *process = report.processes[0];
    struct nck_text text = {0};
    for (uint32_t i = 0; i < process->n_argv && text.length < 400; i++)
      nck_text_add(&text, "%s%s", i ? " " : "", process->argv[i]);
    top->command = nck_arena_print(&top->arena, "%s", text.length ? text.text : process->exe);
    top->runtime = nck_arena_print(&top->arena, "%s", process->runtime);
    nck_text_drop(&text);
  }
  for (size_t i = top->n_sites; i < report.n_sites; i++) {
    const struct nck_report_site *site = report.sites[i];
    top->sites = nck_memory_grow(top->sites, &top->capacity, i + 1, sizeof *top->sites);
    top->sites[i] = (struct nck_top_site){
        .kind = site->kind,
        .function = keep(top, site->function),
        .module = keep(top, site->module ? site->module->file : ""),
        .package = keep(top, site->module ? site->module->package : ""),
        .name = name_of(top, &site->stack),
        .stack = keep_stack(top, &site->stack),
        .init = site->init,
    };
    top->n_sites = i + 1;
  }
  nck_report_drop(&report);
  nck_options_drop(&options);
}

// The oldest sample that is still within the window.
static unsigned oldest_sample(const struct nck_top *top, uint64_t now_ms) {
  unsigned first = top->n_samples > NCK_TOP_SAMPLES ? top->n_samples - NCK_TOP_SAMPLES : 0;
  while (first + 1 < top->n_samples && now_ms - top->times_ms[first % NCK_TOP_SAMPLES] > WINDOW_MS)
    first++;
  return first % NCK_TOP_SAMPLES;
}

static void count_process(struct nck_top *top, const struct nck_record *record) {
  const struct nck_record_header *header = &record->header;
  top->n_calls = header->ended_calls;
  memcpy(top->counters, header->ended_envs, sizeof top->counters);
  for (uint32_t i = 1; i < nck_record_count(record, NCK_TABLE_ENV); i++) {
    const struct nck_env_row *env = nck_record_env(record, i);
    top->n_calls += env->n_calls;
    for (unsigned kind = 0; kind < NCK_N_KINDS; kind++) {
      top->counters[kind].created += env->counters[kind].created;
      top->counters[kind].released += env->counters[kind].released;
      top->counters[kind].live += env->counters[kind].live;
    }
  }
  top->record_bytes = record->file_bytes;
}

static uint64_t now_ms(const struct nck_record_header *header) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  return now_ns > header->start_mono_ns ? (now_ns - header->start_mono_ns) / 1000000u : 0;
}

void nck_top_sample(struct nck_top *top) {
  struct nck_record record;
  struct nck_error ignored;
  if (!nck_record_open(&record, top->path, &ignored)) {
    top->ended = true;
    return;
  }
  const struct nck_record_header *header = &record.header;
  top->ended = header->state != NCK_PROCESS_RUNNING ||
               !nck_process_is_alive(header->pid, header->start_ticks);
  uint32_t n_rows = nck_record_count(&record, NCK_TABLE_SITE);
  if (!top->command || (n_rows && n_rows - 1 > top->n_sites))
    add_sites(top, &record);
  count_process(top, &record);
  top->age_ms = now_ms(header);
  unsigned slot = top->n_samples % NCK_TOP_SAMPLES;
  top->times_ms[slot] = top->age_ms;
  top->n_samples++;
  unsigned oldest = oldest_sample(top, top->age_ms);
  double passed = (double)(top->age_ms - top->times_ms[oldest]) / 1000;
  for (size_t i = 0; i < top->n_sites; i++) {
    struct nck_top_site *site = &top->sites[i];
    const struct nck_site *row = nck_record_site(&record, (uint32_t)i + 1);
    site->live = row->live;
    site->created = row->created;
    site->released = row->released;
    site->peak = row->peak;
    site->bytes = row->bytes;
    site->samples[slot] = row->live;
    site->created_samples[slot] = row->created;
    site->growth = passed > 0 ? ((double)row->live - (double)site->samples[oldest]) / passed : 0;
    site->creations =
        passed > 0 ? (double)(row->created - site->created_samples[oldest]) / passed : 0;
  }
  nck_record_drop(&record);
}

void nck_top_mark(struct nck_top *top) {
  top->marked = true;
  top->mark_ms = top->age_ms;
  for (size_t i = 0; i < top->n_sites; i++)
    top->sites[i].mark = top->sites[i].live;
}

static enum nck_top_order list_order;
static bool list_reverse;

static double key_of(const struct nck_top_site *site) {
  switch (list_order) {
  case NCK_TOP_GROWTH:
    return site->growth;
  case NCK_TOP_CREATED:
    return (double)site->created;
  case NCK_TOP_PEAK:
    return (double)site->peak;
  case NCK_TOP_SINCE_MARK:
    return (double)site->live - (double)site->mark;
  default:
    return (double)site->live;
  }
}

static int compare_sites(const void *left, const void *right) {
  const struct nck_top_site *a = *(const struct nck_top_site *const *)left;
  const struct nck_top_site *b = *(const struct nck_top_site *const *)right;
  int order;
  if (list_order == NCK_TOP_NAME) {
    order = strcmp(a->name, b->name);
  } else {
    double x = key_of(a), y = key_of(b);
    order = x > y ? -1 : x < y;
  }
  if (!order && a->live != b->live)
    order = a->live > b->live ? -1 : 1;
  if (!order) // a row keeps its place from sample to sample
    order = a < b ? -1 : a > b;
  return list_reverse ? -order : order;
}

static bool matches(const struct nck_top_site *site, const char *filter) {
  return !*filter || strcasestr(site->name, filter) || strcasestr(site->function, filter) ||
         strcasestr(site->module, filter) || strcasestr(site->package, filter) ||
         strcasestr(nck_object_kind_key(site->kind), filter);
}

const struct nck_top_site **nck_top_list(const struct nck_top *top, enum nck_top_order order,
                                         bool reverse, const char *filter, size_t *n) {
  const struct nck_top_site **list = nck_memory_take(top->n_sites + 1, sizeof *list);
  *n = 0;
  for (size_t i = 0; i < top->n_sites; i++) {
    if (top->sites[i].created && matches(&top->sites[i], filter))
      list[(*n)++] = &top->sites[i];
  }
  list_order = order;
  list_reverse = reverse;
  qsort(list, *n, sizeof *list, compare_sites);
  return list;
}

static json_t *build_counters(const struct nck_top *top) {
  json_t *json = json_object();
  for (unsigned kind = 1; kind < NCK_N_KINDS; kind++)
    json_object_set_new(json, nck_object_kind_key((enum nck_object_kind)kind),
                        json_pack("{s:I,s:I,s:I}", "created",
                                  (json_int_t)top->counters[kind].created, "released",
                                  (json_int_t)top->counters[kind].released, "live",
                                  (json_int_t)top->counters[kind].live));
  return json;
}

json_t *nck_top_json(const struct nck_top *top, const struct nck_top_site **list, size_t n) {
  json_t *sites = json_array();
  for (size_t i = 0; i < n; i++) {
    const struct nck_top_site *site = list[i];
    json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:b,s:f,s:f}", "kind",
                             nck_object_kind_key(site->kind), "function", site->function, "module",
                             site->module, "package", site->package, "site", site->name, "live",
                             (json_int_t)site->live, "created", (json_int_t)site->created,
                             "released", (json_int_t)site->released, "peak", (json_int_t)site->peak,
                             "bytes", (json_int_t)site->bytes, "init", site->init, "growth_per_s",
                             site->growth, "created_per_s", site->creations);
    json_object_set_new(json, "since_mark",
                        top->marked ? json_integer((json_int_t)site->live - (json_int_t)site->mark)
                                    : json_null());
    json_array_append_new(sites, json);
  }
  return json_pack("{s:s,s:i,s:s,s:s,s:b,s:I,s:I,s:I,s:o,s:o}", "schema", "napicheck-top/1", "pid",
                   (int)top->pid, "command", top->command ? top->command : "", "runtime",
                   top->runtime ? top->runtime : "", "running", !top->ended, "age_ms",
                   (json_int_t)top->age_ms, "calls", (json_int_t)top->n_calls, "record_bytes",
                   (json_int_t)top->record_bytes, "counters", build_counters(top), "sites", sites);
}
