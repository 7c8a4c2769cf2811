// collect.c: one record into a report.
#include "collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fingerprint.h"
#include "history.h"
#include "judge.h"
#include "package.h"
#include "process.h"

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static const char *clean_string(struct nck_collector *collector, uint32_t string) {
  return nck_arena_clean(collector->arena, nck_record_string(collector->record, string));
}

// A recorded string of lines as an array.
static const char *const *clean_lines(struct nck_collector *collector, uint32_t string,
                                      uint32_t *n_lines) {
  const char **lines = NULL;
  size_t n = 0, capacity = 0;
  for (const char *at = nck_record_string(collector->record, string); *at;) {
    const char *end = strchrnul(at, '\n');
    lines = nck_memory_grow(lines, &capacity, n + 1, sizeof *lines);
    lines[n++] = nck_arena_clean_n(collector->arena, at, (size_t)(end - at));
    at = *end ? end + 1 : end;
  }
  const char *const *kept = nck_arena_copy(collector->arena, lines, n, sizeof *lines);
  free(lines);
  *n_lines = (uint32_t)n;
  return kept;
}

static void collect_modules(struct nck_collector *collector) {
  const struct nck_record *record = collector->record;
  uint32_t n = nck_record_count(record, NCK_TABLE_MODULE);
  collector->n_modules = n ? n : 1;
  collector->modules =
      nck_arena_take(collector->arena, collector->n_modules * sizeof *collector->modules);
  for (uint32_t i = 0; i < collector->n_modules; i++) {
    const struct nck_module *row = nck_record_module(record, i);
    struct nck_report_module *module = &collector->modules[i];
    module->path = clean_string(collector, row->path);
    module->file = base_name(module->path);
    module->package = module->version = "";
    module->flags = row->flags;
    module->napi_version = row->napi_version;
    module->n_loads = row->n_loads;
    if (row->flags & NCK_MODULE_ADDON)
      nck_package_find(collector->arena, module->path, &module->package, &module->version);
    char hex[2 * sizeof row->build_id + 1] = "";
    for (unsigned byte = 0; byte < row->build_id_bytes && byte < sizeof row->build_id; byte++)
      snprintf(hex + 2 * byte, 3, "%02x", row->build_id[byte]);
    module->build_id = nck_arena_print(collector->arena, "%s", hex);
  }
}

static void set_end(struct nck_collector *collector) {
  const struct nck_record_header *header = &collector->record->header;
  struct nck_report_process *process = collector->process;
  process->end_known = header->state == NCK_PROCESS_ENDING;
  process->end_code = header->end_code;
  process->end_in_call = header->end_how == NCK_END_EXIT_IN_CALL;
  process->end_how = "exit";
  if (!process->end_known) {
    bool alive = nck_process_is_alive(header->pid, header->start_ticks);
    process->end_how = alive ? "running" : "signal";
    process->end_code = 0; // which signal it was only its parent knows
  } else if (header->end_how == NCK_END_ABORT) {
    process->end_how = "signal";
    process->end_code = 6;
  } else if (header->end_how == NCK_END_EXEC) {
    process->end_how = "exec";
  }
}

static uint64_t now_ms(const struct nck_record_header *header) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  return now_ns > header->start_mono_ns ? (now_ns - header->start_mono_ns) / 1000000u : 0;
}

// The last moment that the record speaks of: for a process that was killed, nobody noted its end.
static uint64_t last_ms(struct nck_collector *collector) {
  const struct nck_record *record = collector->record;
  uint64_t last = 0;
  for (uint32_t i = 1; i < nck_record_count(record, NCK_TABLE_SITE); i++) {
    const struct nck_site *site = nck_record_site(record, i);
    last = site->last_ms > last ? site->last_ms : last;
  }
  return last;
}

static void add_counter(struct nck_counter *sum, const struct nck_counter *counter) {
  sum->created += counter->created;
  sum->released += counter->released;
  sum->live += counter->live;
  sum->peak = counter->peak > sum->peak ? counter->peak : sum->peak;
}

static void count_calls(struct nck_collector *collector, const struct nck_env_row *env) {
  if (env->module && env->module < collector->n_modules)
    collector->modules[env->module].n_calls += env->n_calls;
}

static void collect_counters(struct nck_collector *collector) {
  const struct nck_record *record = collector->record;
  struct nck_report_process *process = collector->process;
  process->n_calls = record->header.ended_calls;
  for (unsigned kind = 0; kind < NCK_N_KINDS; kind++)
    process->counters[kind] = record->header.ended_envs[kind];
  for (uint32_t i = 1; i < nck_record_count(record, NCK_TABLE_ENV); i++) {
    const struct nck_env_row *env = nck_record_env(record, i);
    process->n_calls += env->n_calls;
    count_calls(collector, env);
    process->n_failed_calls += env->n_failed_calls;
    process->n_gc_seen += env->n_gc_seen;
    process->external_bytes =
        (int64_t)((uint64_t)process->external_bytes + (uint64_t)env->external_bytes);
    for (unsigned kind = 0; kind < NCK_N_KINDS; kind++)
      add_counter(&process->counters[kind], &env->counters[kind]);
  }
}

// What Node-API tells is the version of Node; on others, of the Node that they stand for.
static const char *runtime_text(struct nck_arena *arena, const struct nck_report_process *process) {
  if (!*process->runtime_name)
    return "unknown runtime";
  if (!*process->runtime_version)
    return process->runtime_name;
  if (!strcmp(process->runtime_name, "node"))
    return nck_arena_print(arena, "node %s", process->runtime_version);
  return nck_arena_print(arena, "%s (as node %s)", process->runtime_name, process->runtime_version);
}

static void collect_process(struct nck_collector *collector) {
  const struct nck_record *record = collector->record;
  const struct nck_record_header *header = &record->header;
  struct nck_report_process *process = collector->process;
  process->pid = header->pid;
  process->ppid = header->ppid;
  process->record = nck_arena_clean(collector->arena, record->path);
  process->argv = clean_lines(collector, header->argv, &process->n_argv);
  process->exe = clean_string(collector, header->exe);
  process->cwd = clean_string(collector, header->cwd);
  process->runtime_name = clean_string(collector, header->runtime_name);
  process->runtime_version = clean_string(collector, header->runtime_version);
  process->runtime_napi = header->runtime_napi;
  process->runtime = runtime_text(collector->arena, process);
  set_end(collector);
  process->start_wall_ms = header->start_wall_ns / 1000000u;
  bool running = !strcmp(process->end_how, "running");
  collector->end_ms = header->end_ns ? header->end_ns / 1000000u
                      : running      ? now_ms(header)
                                     : last_ms(collector);
  process->duration_ms = collector->end_ms;
  process->n_watched = header->n_watched;
  process->n_forwarded = header->n_forwarded;
  process->unwatched = clean_lines(collector, header->unwatched, &process->n_unwatched);
  process->blind_ms = header->blind_ms;
  process->blind_reason = clean_string(collector, header->blind_reason);
  process->scanned = header->scan_state == 1;
  process->scan_reason = clean_string(collector, header->scan_reason);
  process->scan_bytes = header->scan_bytes;
  process->scan_ns = header->scan_ns;
  process->own_bytes = header->own_bytes;
  process->overhead_ns = header->overhead_ns;
  process->record_bytes = record->file_bytes;
  collect_counters(collector);
}

// Workers come and go by the thousand; a list of more would be read by nobody.
#define MAX_ENVS 4096

// Whether the values of an env are judged (stale-handle, handle-wrong-env), in a word.
static const char *values_word(const struct nck_env_row *row) {
  if (row->flags & NCK_ENV_TAGGED)
    return "judged";
  if (row->flags & NCK_ENV_UNTAGGED_RUNTIME)
    return "runtime";
  return row->flags & NCK_ENV_UNTAGGED_V8 ? "v8" : "off";
}

// Where values cannot be judged, the report says so, once for each addon.
static void say_unjudged(struct nck_collector *collector) {
  const struct nck_report_process *process = collector->process;
  for (uint32_t i = 0; i < process->n_envs; i++) {
    const struct nck_report_env *env = &process->envs[i];
    if (!strcmp(env->values, "runtime")) {
      nck_report_add_note(collector->report,
                          "stale-handle and handle-wrong-env are not looked for on %s, whose "
                          "napi_value is no pointer",
                          process->runtime_name);
      return; // for all of them
    }
    bool said = false;
    for (uint32_t k = 0; k < i && !said; k++)
      said = process->envs[k].module == env->module;
    if (!said && env->module && !strcmp(env->values, "v8"))
      nck_report_add_note(collector->report,
                          "stale-handle and handle-wrong-env are not looked for in %s: it imports "
                          "V8's C++ symbols, and may take a napi_value for a v8::Local",
                          env->module->file);
  }
}

static void collect_envs(struct nck_collector *collector) {
  const struct nck_record *record = collector->record;
  struct nck_report_process *process = collector->process;
  uint32_t n_rows = nck_record_count(record, NCK_TABLE_ENV), n = n_rows ? n_rows - 1 : 0;
  process->n_envs = n < MAX_ENVS ? n : MAX_ENVS;
  process->envs = nck_arena_take(collector->arena, process->n_envs * sizeof *process->envs);
  for (uint32_t i = 0; i < process->n_envs; i++) {
    const struct nck_env_row *row = nck_record_env(record, i + 1);
    process->envs[i] = (struct nck_report_env){
        .module = nck_collect_module(collector, row->module),
        .thread = nck_collect_thread(collector, row->thread),
        .ended = row->state == NCK_ENV_ENDED,
        .end_reason = clean_string(collector, row->end_reason),
        .values = values_word(row),
        .created_ms = row->created_ms,
        .ended_ms = row->ended_ms,
        .n_calls = row->n_calls,
    };
  }
  say_unjudged(collector);
}

uint64_t nck_collect_frame(const struct nck_collector *collector, uint32_t stack) {
  const uint64_t *frames;
  return nck_record_stack(collector->record, stack, &frames) ? frames[0] : 0;
}

static uint64_t twin_key(const struct nck_collector *collector, uint32_t row) {
  const struct nck_site *site = nck_record_site(collector->record, row);
  uint64_t frame = nck_collect_frame(collector, site->stack);
  return frame ? frame * 0x9e3779b97f4a7c15ull + site->kind : 0;
}

uint32_t nck_collect_twins(const struct nck_collector *collector, uint32_t site) {
  uint64_t key = twin_key(collector, site);
  return key ? (uint32_t)(uintptr_t)nck_map_find(&collector->twins, key) : 0;
}

static void index_twins(struct nck_collector *collector) {
  uint32_t n_sites = nck_record_count(collector->record, NCK_TABLE_SITE);
  collector->next_twin = nck_memory_take(n_sites, sizeof *collector->next_twin);
  for (uint32_t i = 1; i < n_sites; i++) {
    uint64_t key = twin_key(collector, i);
    if (!key)
      continue;
    void **first = nck_map_place(&collector->twins, key);
    collector->next_twin[i] = (uint32_t)(uintptr_t)*first;
    *first = (void *)(uintptr_t)i;
  }
}

// Rows of fates in lists by site, so that one site's are found at once.
static void index_fates(struct nck_collector *collector) {
  const struct nck_record *record = collector->record;
  uint32_t n_sites = nck_record_count(record, NCK_TABLE_SITE);
  uint32_t n_fates = nck_record_count(record, NCK_TABLE_FATE);
  collector->fates_by_site = nck_memory_take(n_sites, sizeof *collector->fates_by_site);
  collector->next_fate = nck_memory_take(n_fates, sizeof *collector->next_fate);
  collector->histories_by_site = nck_memory_take(n_sites, sizeof *collector->histories_by_site);
  for (uint32_t i = 1; i < n_fates; i++) {
    const struct nck_fate *fate = nck_record_fate(record, i);
    uint32_t site = fate->verb & NCK_STEP ? 0 : fate->site;
    if (site && site < n_sites) {
      collector->next_fate[i] = collector->fates_by_site[site];
      collector->fates_by_site[site] = i;
    }
  }
  nck_history_index(collector);
}

const struct nck_report_module *nck_collect_module(struct nck_collector *collector, uint32_t row) {
  if (!row || row >= collector->n_modules)
    return NULL;
  collector->modules[row].used = true;
  return &collector->modules[row];
}

struct nck_report_thread nck_collect_thread(struct nck_collector *collector, uint32_t row) {
  const struct nck_thread *thread = nck_record_thread(collector->record, row);
  bool known = row && row < nck_record_count(collector->record, NCK_TABLE_THREAD);
  return (struct nck_report_thread){
      .id = known ? row : 0,
      .tid = thread->tid,
      .name = nck_arena_clean_n(collector->arena, thread->name,
                                strnlen(thread->name, sizeof thread->name)),
      .is_main = thread->is_main != 0,
      .ended = thread->ended != 0,
  };
}

const char *nck_collect_function(struct nck_collector *collector, uint32_t function) {
  uint32_t length;
  const char *name = nck_record_function(collector->record, function, &length);
  return nck_arena_clean_n(collector->arena, name, length);
}

const char *nck_fate_word(uint32_t verb) {
  static const char *const words[] = {
      [NCK_FATE_DELETED] = "deleted",    [NCK_FATE_REF] = "referenced",
      [NCK_FATE_UNREF] = "unreferenced", [NCK_FATE_COLLECTED] = "collected",
      [NCK_FATE_TEARDOWN] = "torn down", [NCK_FATE_CREATED] = "created",
      [NCK_FATE_MORE] = "more",
  };
  return verb && verb < sizeof words / sizeof *words ? words[verb] : "released";
}

static int compare_fates(const void *left, const void *right) {
  const struct nck_report_fate *a = left, *b = right;
  return a->count > b->count ? -1 : a->count < b->count;
}

static void fill_fates(struct nck_collector *collector, struct nck_report_site *site,
                       uint32_t row) {
  struct nck_report_fate *fates = NULL;
  size_t n = 0, capacity = 0;
  for (uint32_t i = collector->fates_by_site[row]; i; i = collector->next_fate[i]) {
    const struct nck_fate *fate = nck_record_fate(collector->record, i);
    fates = nck_memory_grow(fates, &capacity, n + 1, sizeof *fates);
    fates[n++] = (struct nck_report_fate){
        .verb = nck_fate_word(fate->verb),
        .count = fate->count,
        .stack = nck_symbolizer_stack(collector->symbolizer, fate->stack, NCK_ROLE_DELETED, 0),
    };
  }
  if (n)
    qsort(fates, n, sizeof *fates, compare_fates);
  site->fates = nck_arena_copy(collector->arena, fates, n, sizeof *fates);
  site->n_fates = (uint32_t)n;
  free(fates);
}

const struct nck_report_site *nck_collect_site(struct nck_collector *collector, uint32_t row) {
  const struct nck_record *record = collector->record;
  if (!row || row >= nck_record_count(record, NCK_TABLE_SITE))
    return NULL;
  const struct nck_site *recorded = nck_record_site(record, row);
  struct nck_report_site *site = nck_arena_take(collector->arena, sizeof *site);
  site->kind = recorded->kind < NCK_N_KINDS ? recorded->kind : NCK_KIND_NONE;
  site->function = nck_collect_function(collector, recorded->function);
  site->module = nck_collect_module(collector, recorded->module);
  site->stack = nck_symbolizer_stack(collector->symbolizer, recorded->stack, NCK_ROLE_CREATED,
                                     recorded->js_stack);
  site->class_name = clean_string(collector, recorded->class_name);
  site->label = clean_string(collector, recorded->label);
  site->init = (recorded->flags & NCK_SITE_INIT) != 0;
  site->created = recorded->created;
  site->released = recorded->released;
  site->live = recorded->live;
  site->peak = recorded->peak;
  site->bytes = recorded->bytes;
  site->released_at_teardown = recorded->released_at_teardown;
  site->first_ms = recorded->first_ms;
  site->last_ms = recorded->last_ms;
  struct nck_series series;
  if (nck_record_site_series(record, recorded, &series))
    site->series = nck_arena_copy(collector->arena, &series, 1, sizeof series);
  fill_fates(collector, site, row);
  return site;
}

struct nck_report_finding *nck_collect_finding(struct nck_collector *collector,
                                               enum nck_finding_kind kind, uint32_t module,
                                               uint32_t env, uint32_t thread) {
  struct nck_report_finding *finding = nck_report_add_finding(collector->report);
  finding->kind = kind;
  finding->severity = nck_kinds[kind].severity;
  finding->evidence = finding->message = finding->reason = finding->suppressed_by = "";
  finding->fingerprint = finding->suppression = "";
  finding->process = collector->process;
  finding->module = nck_collect_module(collector, module);
  finding->env = env < nck_record_count(collector->record, NCK_TABLE_ENV) ? env : 0;
  finding->n_envs = 1;
  finding->thread = nck_collect_thread(
      collector, thread ? thread : nck_record_env(collector->record, env)->thread);
  return finding;
}

// The stack of the event itself comes first, the others explain it.
static void set_stacks(struct nck_collector *collector, struct nck_report_finding *finding,
                       const struct nck_finding *row) {
  struct nck_report_stack stacks[NCK_FINDING_STACKS];
  uint32_t n = 0, event = 0;
  for (uint32_t i = 0; i < NCK_FINDING_STACKS && row->roles[i]; i++) {
    enum nck_role role = row->roles[i];
    // The JavaScript of the creation is the site's.
    uint32_t js = role == NCK_ROLE_CREATED && row->site
                      ? nck_record_site(collector->record, row->site)->js_stack
                      : 0;
    stacks[n] = nck_symbolizer_stack(collector->symbolizer, row->stacks[i], role, js);
    if (role == NCK_ROLE_USED)
      event = n;
    n++;
  }
  if (!n && row->js_stack)
    stacks[n++] = nck_symbolizer_stack(collector->symbolizer, 0, NCK_ROLE_USED, 0);
  if (!n)
    return;
  struct nck_report_stack first = stacks[event];
  memmove(stacks + 1, stacks, event * sizeof *stacks);
  stacks[0] = first;
  if (row->js_stack) {
    struct nck_report_stack js =
        nck_symbolizer_stack(collector->symbolizer, 0, NCK_ROLE_USED, row->js_stack);
    stacks[0].js = js.js;
    stacks[0].n_js = js.n_js;
  }
  finding->stacks = nck_arena_copy(collector->arena, stacks, n, sizeof *stacks);
  finding->n_stacks = n;
}

// What the library saw at the moment of an event, passed on with its own words.
static void collect_findings(struct nck_collector *collector) {
  const struct nck_record *record = collector->record;
  for (uint32_t i = 1; i < nck_record_count(record, NCK_TABLE_FINDING); i++) {
    const struct nck_finding *row = nck_record_finding(record, i);
    if (row->kind >= NCK_N_FINDINGS || !row->count || row->last_ns < collector->since_ns ||
        !nck_options_check(collector->options, nck_kinds[row->kind].group))
      continue;
    struct nck_report_finding *finding =
        nck_collect_finding(collector, row->kind, row->module, row->env, row->thread);
    if (row->severity >= NCK_SEVERITY_NOTE && row->severity <= NCK_SEVERITY_ERROR)
      finding->severity = row->severity;
    // What the library calls a leak itself: memory that it searched for in vain.
    bool is_leak = finding->severity == NCK_SEVERITY_LEAK;
    if (is_leak)
      finding->evidence = "lost";
    finding->count = row->count;
    finding->first_ms = row->first_ns / 1000000u;
    finding->last_ms = row->last_ns / 1000000u;
    const char *message = clean_string(collector, row->message);
    finding->message = *message ? message : nck_kinds[row->kind].title;
    finding->reason = clean_string(collector, row->reason);
    if (is_leak && !nck_options_has(collector->options, NCK_OPTION_leak_check, "lost") &&
        !nck_options_has(collector->options, NCK_OPTION_leak_check, "all")) {
      finding->severity = NCK_SEVERITY_NOTE;
      finding->reason = "leak_check leaves it out";
    }
    if (row->site) {
      const struct nck_report_site *site = nck_collect_site(collector, row->site);
      finding->site = site;
      finding->init = site && site->init;
      if (site && *site->label) {
        const char *fact = nck_arena_print(collector->arena, "labelled: %s", site->label);
        finding->facts = nck_arena_copy(collector->arena, &fact, 1, sizeof fact);
        finding->n_facts = 1;
      }
    }
    set_stacks(collector, finding, row);
    nck_fingerprint_set(collector->arena, finding);
  }
}

static int compare_orders(const void *left, const void *right) {
  const struct nck_finalizer_row *a = *(const struct nck_finalizer_row *const *)left;
  const struct nck_finalizer_row *b = *(const struct nck_finalizer_row *const *)right;
  return a->order < b->order ? -1 : a->order > b->order;
}

// The name of a callback that the addon handed over, module+offset without symbols; "" for none.
static const char *callback_name(struct nck_collector *collector, uint64_t frame) {
  const char *name = nck_symbolizer_function(collector->symbolizer, frame);
  uint32_t module = NCK_FRAME_MODULE(frame);
  if (*name || !module || module >= collector->n_modules)
    return name;
  return nck_arena_print(collector->arena, "%s+0x%llx", collector->modules[module].file,
                         (unsigned long long)NCK_FRAME_OFFSET(frame));
}

static void collect_finalizers(struct nck_collector *collector) {
  const struct nck_record *record = collector->record;
  uint32_t n_rows = nck_record_count(record, NCK_TABLE_FINALIZER), n = 0;
  const struct nck_finalizer_row **rows = nck_memory_take(n_rows, sizeof *rows);
  for (uint32_t i = 1; i < n_rows; i++) {
    const struct nck_finalizer_row *row = nck_record_finalizer(record, i);
    if (row->order)
      rows[n++] = row;
  }
  if (n)
    qsort(rows, n, sizeof *rows, compare_orders);
  for (uint32_t i = 0; i < n; i++) {
    struct nck_report_finalizer *finalizer = nck_report_add_finalizer(collector->report);
    finalizer->order = rows[i]->order;
    finalizer->phase = nck_finalizer_phase_word(rows[i]->phase);
    finalizer->deferred = rows[i]->phase == NCK_PHASE_DEFERRED;
    finalizer->kind = nck_finalizer_kind_word(rows[i]->kind);
    finalizer->process = collector->process;
    finalizer->env = rows[i]->env;
    finalizer->ms = rows[i]->ms;
    finalizer->function = callback_name(collector, rows[i]->cb_frame);
    struct nck_report_stack stack =
        nck_symbolizer_stack(collector->symbolizer, rows[i]->stack, NCK_ROLE_CREATED, 0);
    const struct nck_report_frame *site = nck_report_stack_site(&stack);
    finalizer->site = site ? site->function : "";
    finalizer->module = site ? site->module : NULL;
    if (!finalizer->module)
      finalizer->module =
          nck_collect_module(collector, nck_record_env(record, rows[i]->env)->module);
    if (!finalizer->module)
      finalizer->module = nck_collect_module(collector, NCK_FRAME_MODULE(rows[i]->cb_frame));
  }
  free(rows);
}

// The table holds all; as findings of their own a program that probes types would drown the others.
#define MAX_FAILED_NOTES 200

static void say_failed_call(struct nck_collector *collector, const struct nck_failed_call *row,
                            const struct nck_report_failed_call *failed) {
  const struct nck_env_row *env = nck_record_env(collector->record, row->env);
  struct nck_report_finding *finding =
      nck_collect_finding(collector, NCK_FINDING_FAILED_CALL, env->module, row->env, 0);
  struct nck_report_stack stack =
      nck_symbolizer_stack(collector->symbolizer, row->stack, NCK_ROLE_USED, 0);
  finding->count = row->count;
  finding->stacks = nck_arena_copy(collector->arena, &stack, 1, sizeof stack);
  finding->n_stacks = 1;
  finding->message =
      nck_arena_print(collector->arena, "%s returned %s %llu time%s", failed->function,
                      failed->status, (unsigned long long)row->count, row->count == 1 ? "" : "s");
  finding->reason = "statuses other than napi_ok are usual where types are probed";
  nck_fingerprint_set(collector->arena, finding);
}

static void collect_failed_calls(struct nck_collector *collector) {
  for (uint32_t i = 1; i < nck_record_count(collector->record, NCK_TABLE_FAILED); i++) {
    const struct nck_failed_call *row = nck_record_failed(collector->record, i);
    if (!row->count)
      continue;
    struct nck_report_failed_call *failed = nck_report_add_failed_call(collector->report);
    const char *status = nck_status_word(row->status);
    failed->function = nck_collect_function(collector, row->function);
    failed->status = status ? status : nck_arena_print(collector->arena, "status %u", row->status);
    failed->process = collector->process;
    failed->env = row->env;
    failed->count = row->count;
    failed->stack = nck_symbolizer_stack(collector->symbolizer, row->stack, NCK_ROLE_FAILED, 0);
    if (i <= MAX_FAILED_NOTES &&
        nck_options_check(collector->options, nck_kinds[NCK_FINDING_FAILED_CALL].group))
      say_failed_call(collector, row, failed);
  }
}

static void collect_profiles(struct nck_collector *collector) {
  for (uint32_t i = 1; i < nck_record_count(collector->record, NCK_TABLE_PROFILE); i++) {
    const struct nck_profile *row = nck_record_profile(collector->record, i);
    if (!row->n_handles && !row->n_calls && !row->peak_handles)
      continue;
    struct nck_report_profile *profile = nck_report_add_profile(collector->report);
    profile->process = collector->process;
    profile->module = nck_collect_module(collector, row->module);
    profile->callback = callback_name(collector, row->cb_frame);
    profile->n_handles = row->n_handles;
    profile->n_calls = row->n_calls;
    profile->peak_handles = row->peak_handles;
    profile->peak_stack =
        nck_symbolizer_stack(collector->symbolizer, row->peak_stack, NCK_ROLE_USED, 0);
  }
}

static void collect_sites(struct nck_collector *collector) {
  for (uint32_t i = 1; i < nck_record_count(collector->record, NCK_TABLE_SITE); i++)
    *nck_report_add_site(collector->report) = *nck_collect_site(collector, i);
}

// Functions of a runtime that is newer than this napicheck, and the addons that use them.
static void say_newer(struct nck_collector *collector) {
  const struct nck_report_process *process = collector->process;
  if (!process->n_unwatched)
    return;
  struct nck_text names = {0};
  for (uint32_t i = 0; i < process->n_unwatched; i++)
    nck_text_add(&names, "%s%s", i ? ", " : "", process->unwatched[i]);
  nck_report_add_note(collector->report, "not known to this napicheck, and not watched: %s of %s",
                      names.text, process->runtime);
  nck_text_drop(&names);
  for (uint32_t i = 0; i < process->n_modules; i++) {
    const struct nck_report_module *module = process->modules[i];
    if (module->flags & NCK_MODULE_ADDON && module->flags & NCK_MODULE_NEWER)
      nck_report_add_note(collector->report,
                          "%s is not checked, since it uses one of these: a newer napicheck is "
                          "wanted",
                          module->file);
  }
}

// The report's own list of modules: addons first, then whatever a stack names; the rest (libc and
// so on) is of no interest.
static void list_modules(struct nck_collector *collector) {
  const struct nck_report_module **listed =
      nck_arena_take(collector->arena, collector->n_modules * sizeof *listed);
  uint32_t n = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (uint32_t i = 1; i < collector->n_modules; i++) {
      const struct nck_report_module *module = &collector->modules[i];
      bool addon = (module->flags & NCK_MODULE_ADDON) != 0;
      if (pass == 0 ? addon : !addon && module->used && !(module->flags & NCK_MODULE_OURS))
        listed[n++] = module;
      const char *note = nck_symbolizer_note(collector->symbolizer, i);
      if (pass == 0 && *note && (addon || module->used))
        nck_report_add_note(collector->report, "no function names for %s: %s", module->file, note);
    }
  }
  collector->process->modules = listed;
  collector->process->n_modules = n;
  say_newer(collector);
}

// The parts that every collection needs. The caller drops.
static void begin(struct nck_collector *collector, struct nck_report *report,
                  const struct nck_record *record, const struct nck_options *options) {
  *collector = (struct nck_collector){
      .report = report,
      .arena = &report->arena,
      .record = record,
      .options = options,
      .process = nck_report_add_process(report),
  };
  collect_modules(collector);
  collect_process(collector);
  collector->symbolizer =
      nck_symbolizer_new(record, collector->modules, collector->n_modules, collector->arena);
  index_fates(collector);
  index_twins(collector);
}

static void drop(struct nck_collector *collector) {
  nck_symbolizer_drop(collector->symbolizer);
  nck_map_drop(&collector->twins);
  free(collector->next_twin);
  free(collector->fates_by_site);
  free(collector->next_fate);
  free(collector->histories_by_site);
}

void nck_collect(struct nck_report *report, const struct nck_record *record,
                 const struct nck_options *options, bool sites) {
  struct nck_collector collector;
  begin(&collector, report, record, options);
  collect_envs(&collector);
  collect_findings(&collector);
  nck_judge(&collector);
  collect_finalizers(&collector);
  collect_failed_calls(&collector);
  collect_profiles(&collector);
  if (sites)
    collect_sites(&collector);
  list_modules(&collector);
  drop(&collector);
}

void nck_collect_live(struct nck_report *report, const struct nck_record *record,
                      const struct nck_options *options) {
  struct nck_collector collector;
  begin(&collector, report, record, options);
  collect_sites(&collector);
  drop(&collector);
}

void nck_collect_worker(struct nck_report *report, const struct nck_record *record,
                        const struct nck_options *options, uint32_t thread) {
  struct nck_collector collector;
  begin(&collector, report, record, options);
  collector.ended_thread = thread;
  collect_envs(&collector);
  nck_judge(&collector);
  drop(&collector);
}

void nck_collect_since(struct nck_report *report, const struct nck_record *record,
                       const struct nck_options *options, uint64_t since_ns) {
  struct nck_collector collector;
  begin(&collector, report, record, options);
  collector.only_lost = true;
  collector.since_ns = since_ns;
  collect_envs(&collector);
  collect_findings(&collector);
  nck_judge(&collector);
  drop(&collector);
}
