// json.c: a report as JSON, schema/report-v1.schema.json.
//
// Every field of the contract is always there; what is not known is null.
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "version.h"

// Keys are literals of ours.
static void set(json_t *object, const char *key, json_t *value) {
  json_object_set_new_nocheck(object, key, value ? value : json_null());
}

static void set_text(json_t *object, const char *key, const char *text) {
  set(object, key, json_string(text));
}

// null when it is not known.
static void set_known(json_t *object, const char *key, const char *text) {
  set(object, key, text && *text ? json_string(text) : json_null());
}

static json_int_t number_of(uint64_t number) {
  return number < INT64_MAX ? (json_int_t)number : INT64_MAX;
}

static void set_number(json_t *object, const char *key, uint64_t number) {
  set(object, key, json_integer(number_of(number)));
}

static void set_known_number(json_t *object, const char *key, uint64_t number) {
  set(object, key, number ? json_integer((json_int_t)number) : json_null());
}

static void set_bool(json_t *object, const char *key, bool value) {
  set(object, key, json_boolean(value));
}

static json_t *hex(uint64_t number) {
  char text[32];
  snprintf(text, sizeof text, "0x%llx", (unsigned long long)number);
  return json_string(text);
}

static json_t *texts(const char *const *lines, size_t n) {
  json_t *array = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(array, json_string(lines[i]));
  return array;
}

static json_t *build_frame(const struct nck_report_frame *frame) {
  json_t *json = json_object();
  set_known(json, "function", frame->function);
  set_known(json, "file", frame->file);
  set_known_number(json, "line", frame->line);
  set_known_number(json, "column", frame->column);
  set_known(json, "module", frame->module ? frame->module->file : "");
  set(json, "offset", hex(frame->offset));
  set_known(json, "path", frame->path);
  set_bool(json, "addon", frame->addon);
  if (frame->inlined)
    set_bool(json, "inlined", true);
  if (frame->binding)
    set_bool(json, "binding", true);
  return json;
}

static json_t *build_js_frame(const struct nck_report_js_frame *frame) {
  json_t *json = json_object();
  set_text(json, "function", frame->function);
  set_text(json, "file", frame->file);
  set_known_number(json, "line", frame->line);
  set_known_number(json, "column", frame->column);
  set_text(json, "path", frame->path);
  return json;
}

static json_t *build_stack(const struct nck_report_stack *stack) {
  json_t *json = json_object(), *frames = json_array(), *js = json_array();
  set_text(json, "role", stack->role);
  for (uint32_t i = 0; i < stack->n_frames; i++)
    json_array_append_new(frames, build_frame(&stack->frames[i]));
  for (uint32_t i = 0; i < stack->n_js; i++)
    json_array_append_new(js, build_js_frame(&stack->js[i]));
  set(json, "frames", frames);
  set(json, "js", js);
  return json;
}

static json_t *build_series(const struct nck_series *series) {
  json_t *json = json_object(), *live = json_array(), *least = json_array(), *most = json_array();
  set_number(json, "start_ms", series->start_ms);
  set_number(json, "bucket_ms", series->bucket_ms);
  for (uint32_t i = 0; i < series->n_buckets; i++) {
    json_array_append_new(live, json_integer(series->buckets[i].last));
    json_array_append_new(least, json_integer(series->buckets[i].min));
    json_array_append_new(most, json_integer(series->buckets[i].max));
  }
  set(json, "live", live);
  set(json, "min", least);
  set(json, "max", most);
  return json;
}

static json_t *build_site(const struct nck_report_site *site) {
  json_t *json = json_object(), *fates = json_array();
  set_known(json, "function", site->function);
  set_known(json, "class", site->class_name);
  set_number(json, "created", site->created);
  set_number(json, "released", site->released);
  set_number(json, "released_at_teardown", site->released_at_teardown);
  set_number(json, "live", site->live);
  set_number(json, "peak", site->peak);
  for (uint32_t i = 0; i < site->n_fates; i++) {
    const struct nck_report_fate *fate = &site->fates[i];
    const struct nck_report_frame *frame = nck_report_stack_site(&fate->stack);
    json_t *row = json_object();
    set_text(row, "verb", fate->verb);
    set_number(row, "count", fate->count);
    set(row, "frame", frame ? build_frame(frame) : json_null());
    json_array_append_new(fates, row);
  }
  set(json, "fates", fates);
  set(json, "series",
      site->series && site->series->n_buckets ? build_series(site->series) : json_null());
  return json;
}

static json_t *build_thread(const struct nck_report_thread *thread) {
  json_t *json = json_object();
  set_number(json, "id", thread->id);
  set_text(json, "name", thread->name);
  set_known_number(json, "tid", thread->tid);
  return json;
}

static void set_package(json_t *json, const struct nck_report_module *module) {
  char text[1024];
  if (module && *module->package)
    snprintf(text, sizeof text, *module->version ? "%s@%s" : "%s", module->package,
             module->version);
  set(json, "package", module && *module->package ? json_string(text) : json_null());
}

json_t *nck_json_build_site(const struct nck_report_site *site) {
  json_t *json = build_site(site);
  set_text(json, "kind", nck_object_kind_key(site->kind));
  set_known(json, "module", site->module ? site->module->file : "");
  set_package(json, site->module);
  set_bool(json, "init", site->init);
  set_number(json, "first_ms", site->first_ms);
  set_number(json, "last_ms", site->last_ms);
  set(json, "stack", build_stack(&site->stack));
  return json;
}

static json_t *build_places(const struct nck_report_finding *finding) {
  json_t *array = json_array();
  for (uint32_t i = 0; i < finding->n_places; i++) {
    json_t *row = json_object();
    set_text(row, "where", finding->places[i].text);
    set_number(row, "count", finding->places[i].count);
    json_array_append_new(array, row);
  }
  return array;
}

static json_t *build_shares(const struct nck_report_finding *finding) {
  json_t *array = json_array();
  for (uint32_t i = 0; i < finding->n_shares; i++) {
    json_t *row = json_object();
    set_number(row, "env", finding->shares[i].env);
    set_number(row, "count", finding->shares[i].count);
    json_array_append_new(array, row);
  }
  return array;
}

static json_t *build_values(const struct nck_report_finding *finding) {
  json_t *array = json_array();
  for (uint32_t i = 0; i < finding->n_values; i++) {
    json_t *row = json_object();
    set_text(row, "type", finding->values[i].type);
    set_number(row, "count", finding->values[i].count);
    set_number(row, "bytes", finding->values[i].bytes);
    json_array_append_new(array, row);
  }
  return array;
}

static json_t *build_histories(const struct nck_report_finding *finding) {
  json_t *array = json_array();
  for (uint32_t i = 0; i < finding->n_histories; i++) {
    const struct nck_report_history *history = &finding->histories[i];
    json_t *row = json_object(), *steps = json_array();
    set_number(row, "count", history->count);
    set_bool(row, "ended", history->ended);
    for (uint32_t s = 0; s < history->n_steps; s++) {
      const struct nck_report_step *step = &history->steps[s];
      json_t *json = json_object();
      set_text(json, "action", step->action);
      set(json, "count", step->count_known ? json_integer((json_int_t)step->count) : json_null());
      set_bool(json, "repeated", step->repeated);
      set(json, "stack", step->stack.n_frames ? build_stack(&step->stack) : json_null());
      json_array_append_new(steps, json);
    }
    set(row, "steps", steps);
    json_array_append_new(array, row);
  }
  return array;
}

static json_t *build_finding(const struct nck_report_finding *finding) {
  static const char *const states[] = {"counts", "suppressed", "baseline"};
  json_t *json = json_object(), *stacks = json_array();
  set_text(json, "kind", nck_kinds[finding->kind].word);
  set_text(json, "severity", nck_severity_word(finding->severity));
  set_known(json, "evidence", finding->evidence);
  set_number(json, "count", finding->count);
  set_text(json, "fingerprint", finding->fingerprint);
  set_text(json, "message", finding->message);
  set_known(json, "reason", finding->reason);
  set_known(json, "module", finding->module ? finding->module->file : "");
  set_package(json, finding->module);
  set_number(json, "pid", finding->process->pid);
  set_number(json, "env", finding->env);
  set(json, "envs", build_shares(finding));
  set(json, "thread", build_thread(&finding->thread));
  for (uint32_t i = 0; i < finding->n_stacks; i++)
    json_array_append_new(stacks, build_stack(&finding->stacks[i]));
  set(json, "stacks", stacks);
  set_text(json, "suppression", finding->suppression);
  set_text(json, "advice", nck_kinds[finding->kind].advice);
  set(json, "facts", texts(finding->facts, finding->n_facts));
  set(json, "held", build_places(finding));
  set_number(json, "bytes", finding->bytes);
  set(json, "values", build_values(finding));
  set(json, "histories", build_histories(finding));
  set_number(json, "first_ms", finding->first_ms);
  set_number(json, "last_ms", finding->last_ms);
  set_bool(json, "init", finding->init);
  set(json, "site", finding->site ? build_site(finding->site) : json_null());
  if (finding->state != NCK_FINDING_COUNTS) {
    set_text(json, "state", states[finding->state]);
    set_known(json, "suppressed_by", finding->suppressed_by);
  }
  return json;
}

static json_t *build_module(const struct nck_report_module *module) {
  json_t *json = json_object();
  set_text(json, "file", module->file);
  set_text(json, "path", module->path);
  set_known(json, "package", module->package);
  set_known(json, "version", module->version);
  set_known(json, "build_id", module->build_id);
  set_known_number(json, "napi_version", module->napi_version);
  set_number(json, "calls", module->n_calls);
  set_bool(json, "watched", !(module->flags & NCK_MODULE_UNWATCHED));
  set_bool(json, "v8", (module->flags & NCK_MODULE_V8) != 0);
  set_bool(json, "unloaded", (module->flags & NCK_MODULE_UNLOADED) != 0);
  return json;
}

static json_t *build_counters(const struct nck_counter *counters) {
  json_t *json = json_object();
  for (unsigned kind = 1; kind < NCK_N_KINDS; kind++) {
    json_t *counter = json_object();
    set_number(counter, "created", counters[kind].created);
    set_number(counter, "released", counters[kind].released);
    set_number(counter, "live", counters[kind].live);
    set_number(counter, "peak", counters[kind].peak);
    set(json, nck_object_kind_key((enum nck_object_kind)kind), counter);
  }
  return json;
}

static json_t *build_env(const struct nck_report_env *env, uint32_t row) {
  json_t *json = json_object();
  set_number(json, "env", row);
  set_known(json, "module", env->module ? env->module->file : "");
  set(json, "thread", build_thread(&env->thread));
  set_bool(json, "main", env->thread.is_main);
  set_number(json, "start_ms", env->created_ms);
  set(json, "end_ms", env->ended_ms ? json_integer(env->ended_ms) : json_null());
  set_known(json, "end", env->ended ? env->end_reason : "");
  set_text(json, "values", env->values);
  set_number(json, "calls", env->n_calls);
  set_number(json, "lost", env->n_lost);
  set_number(json, "held", env->n_held);
  return json;
}

static json_t *build_process(const struct nck_report_process *process) {
  json_t *json = json_object(), *runtime = json_object(), *end = json_object();
  json_t *modules = json_array(), *libraries = json_array(), *scan = json_object();
  set_number(json, "pid", process->pid);
  set_number(json, "ppid", process->ppid);
  set(json, "argv", texts(process->argv, process->n_argv));
  set_text(json, "exe", process->exe);
  set_text(json, "cwd", process->cwd);
  set_text(runtime, "name", process->runtime_name);
  set_text(runtime, "version", process->runtime_version);
  set_number(runtime, "napi", process->runtime_napi);
  set(json, "runtime", runtime);
  set_text(end, "how", process->end_how);
  set(end, "code", json_integer(process->end_code));
  set_bool(end, "in_call", process->end_in_call);
  set(json, "end", end);
  set_number(json, "calls", process->n_calls);
  set_number(json, "failed_calls", process->n_failed_calls);
  set_number(json, "start_ms", process->start_wall_ms);
  set_number(json, "duration_ms", process->duration_ms);
  set_number(json, "collections", process->n_gc_seen);
  for (uint32_t i = 0; i < process->n_modules; i++) {
    const struct nck_report_module *module = process->modules[i];
    json_array_append_new(module->flags & NCK_MODULE_ADDON ? modules : libraries,
                          build_module(module));
  }
  set(json, "modules", modules);
  set(json, "libraries", libraries);
  set(json, "unwatched_functions", texts(process->unwatched, process->n_unwatched));
  set_number(json, "watched_functions", process->n_watched);
  set_number(json, "forwarded_functions", process->n_forwarded);
  set(json, "blind", process->blind_ms ? json_string(process->blind_reason) : json_null());
  set_bool(scan, "done", process->scanned);
  set_known(scan, "reason", process->scan_reason);
  set_number(scan, "bytes", process->scan_bytes);
  set_number(scan, "ns", process->scan_ns);
  set(json, "scan", scan);
  json_t *envs = json_array();
  for (uint32_t i = 0; i < process->n_envs; i++)
    json_array_append_new(envs, build_env(&process->envs[i], i + 1));
  set(json, "envs", envs);
  set(json, "external_bytes", json_integer(process->external_bytes));
  set(json, "counters", build_counters(process->counters));
  return json;
}

static json_t *build_summary(const struct nck_report_summary *summary) {
  json_t *json = json_object(), *leaked = json_object();
  for (unsigned severity = NCK_SEVERITY_ERROR; severity >= NCK_SEVERITY_NOTE; severity--)
    set_number(json, nck_severity_word((enum nck_severity)severity),
               summary->by_severity[severity]);
  set_number(json, "suppressed", summary->suppressed);
  set_number(json, "baseline", summary->baseline);
  for (unsigned kind = 1; kind < NCK_N_KINDS; kind++) {
    if (summary->leaked[kind])
      set_number(leaked, nck_object_kind_key((enum nck_object_kind)kind), summary->leaked[kind]);
  }
  set(json, "leaked", leaked);
  set_number(json, "leaked_bytes", summary->leaked_bytes);
  set_number(json, "verdict", (uint64_t)summary->verdict);
  set(json, "own_code", json_integer(summary->own_code));
  set(json, "exit_code", json_integer(summary->exit_code));
  return json;
}

// What is said of a finalizer, once for the tree and for the text. A text that is not known is
// NULL.
struct field {
  const char *key;
  bool is_number;
  uint64_t number;
  const char *text;
};
enum { FINALIZER_FIELDS = 9 };

static const char *known_or_null(const char *text) { return text && *text ? text : NULL; }

static void describe_finalizer(const struct nck_report_finalizer *finalizer, struct field *fields) {
  const char *module = finalizer->module ? finalizer->module->file : NULL;
  const struct field all[FINALIZER_FIELDS] = {
      {"order", true, finalizer->order, NULL},
      {"phase", false, 0, finalizer->phase},
      {"kind", false, 0, finalizer->kind},
      {"module", false, 0, known_or_null(module)},
      {"env", true, finalizer->env, NULL},
      {"site", false, 0, known_or_null(finalizer->site)},
      {"finalizer", false, 0, known_or_null(finalizer->function)},
      {"ms", true, finalizer->ms, NULL},
      {"pid", true, (uint64_t)finalizer->process->pid, NULL},
  };
  memcpy(fields, all, sizeof all);
}

static json_t *build_finalizers(const struct nck_report *report) {
  json_t *array = json_array();
  for (size_t i = 0; i < report->n_finalizers; i++) {
    struct field fields[FINALIZER_FIELDS];
    json_t *row = json_object();
    describe_finalizer(report->finalizers[i], fields);
    for (const struct field *f = fields; f < fields + FINALIZER_FIELDS; f++) {
      if (f->is_number)
        set_number(row, f->key, f->number);
      else
        set_text(row, f->key, f->text);
    }
    if (report->finalizers[i]->deferred)
      set_bool(row, "deferred", true);
    json_array_append_new(array, row);
  }
  return array;
}

// A text as JSON. It is often that of the row before.
struct quoted {
  const char *text;
  char *json; // NULL: null
};

static void put_text(struct quoted *last, const char *text, FILE *out) {
  if (last->text != text && !(last->text && text && !strcmp(last->text, text))) {
    json_t *string = text ? json_string(text) : NULL;
    free(last->json);
    last->json = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    json_decref(string);
  }
  last->text = text;
  fputs(last->json ? last->json : "null", out);
}

// The same rows as text, as json_dumps writes them with JSON_INDENT(2). There are thousands after a
// long run: to make a tree of them and to write that takes longer than all else that a report is.
static void put_finalizers(const struct nck_report *report, FILE *out) {
  struct quoted lasts[FINALIZER_FIELDS] = {{0}};
  for (size_t i = 0; i < report->n_finalizers; i++) {
    struct field fields[FINALIZER_FIELDS];
    describe_finalizer(report->finalizers[i], fields);
    fputs(i > 0 ? ",\n    {" : "\n    {", out);
    for (size_t k = 0; k < FINALIZER_FIELDS; k++) {
      fprintf(out, "%s\n      \"%s\": ", k > 0 ? "," : "", fields[k].key);
      if (fields[k].is_number)
        fprintf(out, "%" JSON_INTEGER_FORMAT, number_of(fields[k].number));
      else
        put_text(&lasts[k], fields[k].text, out);
    }
    fputs(report->finalizers[i]->deferred ? ",\n      \"deferred\": true\n    }" : "\n    }", out);
  }
  if (report->n_finalizers > 0)
    fputs("\n  ", out);
  for (size_t k = 0; k < FINALIZER_FIELDS; k++)
    free(lasts[k].json);
}

static json_t *build_failed_calls(const struct nck_report *report) {
  json_t *array = json_array();
  for (size_t i = 0; i < report->n_failed; i++) {
    const struct nck_report_failed_call *failed = report->failed[i];
    const struct nck_report_frame *frame = nck_report_stack_site(&failed->stack);
    json_t *row = json_object();
    set_text(row, "function", failed->function);
    set_text(row, "status", failed->status);
    set_number(row, "count", failed->count);
    set_number(row, "pid", failed->process->pid);
    set_number(row, "env", failed->env);
    set(row, "frame", frame ? build_frame(frame) : json_null());
    json_array_append_new(array, row);
  }
  return array;
}

static json_t *build_profiles(const struct nck_report *report) {
  json_t *array = json_array();
  for (size_t i = 0; i < report->n_profiles; i++) {
    const struct nck_report_profile *profile = report->profiles[i];
    const struct nck_report_frame *frame = nck_report_stack_site(&profile->peak_stack);
    json_t *row = json_object();
    set_known(row, "callback", profile->callback);
    set_known(row, "module", profile->module ? profile->module->file : "");
    set_number(row, "handles", profile->n_handles);
    set_number(row, "calls", profile->n_calls);
    set_number(row, "peak", profile->peak_handles);
    set_number(row, "pid", profile->process->pid);
    set(row, "peak_frame", frame ? build_frame(frame) : json_null());
    json_array_append_new(array, row);
  }
  return array;
}

static json_t *build_suppressions(const struct nck_report *report) {
  json_t *array = json_array();
  for (size_t i = 0; i < report->n_suppressions; i++) {
    const struct nck_report_suppression *suppression = report->suppressions[i];
    json_t *row = json_object();
    set_text(row, "line", suppression->text);
    set_text(row, "file", suppression->file);
    set_number(row, "number", suppression->line);
    set_number(row, "findings", suppression->n_findings);
    set_number(row, "objects", suppression->n_objects);
    set_known(row, "note", suppression->note);
    json_array_append_new(array, row);
  }
  return array;
}

static json_t *build_tool(void) {
  json_t *json = json_object();
  set_text(json, "name", "napicheck");
  set_text(json, "version", NCK_VERSION);
  return json;
}

static json_t *build_run(const struct nck_report *report) {
  json_t *json = json_object();
  set_number(json, "root_pid", report->root_pid);
  set_number(json, "root_start_ticks", report->root_start_ticks);
  return json;
}

// `finalizers`: owned by the answer.
static json_t *build(const struct nck_report *report, json_t *finalizers) {
  json_t *json = json_object(), *processes = json_array(), *findings = json_array();
  json_t *accepted = json_array();
  struct nck_counter counters[NCK_N_KINDS] = {0};
  for (size_t i = 0; i < report->n_processes; i++) {
    const struct nck_report_process *process = report->processes[i];
    json_array_append_new(processes, build_process(process));
    for (unsigned kind = 0; kind < NCK_N_KINDS; kind++) {
      counters[kind].created += process->counters[kind].created;
      counters[kind].released += process->counters[kind].released;
      counters[kind].live += process->counters[kind].live;
      if (process->counters[kind].peak > counters[kind].peak)
        counters[kind].peak = process->counters[kind].peak;
    }
  }
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    json_array_append_new(finding->state == NCK_FINDING_COUNTS ? findings : accepted,
                          build_finding(finding));
  }
  set_text(json, "schema", NCK_JSON_SCHEMA);
  set(json, "tool", build_tool());
  set(json, "run", build_run(report));
  set(json, "processes", processes);
  set(json, "summary", build_summary(&report->summary));
  set(json, "findings", findings);
  set(json, "accepted_findings", accepted);
  set(json, "counters", build_counters(counters));
  set(json, "finalizers", finalizers);
  set(json, "failed_calls", build_failed_calls(report));
  set(json, "handle_profile", build_profiles(report));
  set(json, "suppressions", build_suppressions(report));
  set(json, "notes", texts(report->notes, report->n_notes));
  return json;
}

json_t *nck_json_build(const struct nck_report *report) {
  return build(report, build_finalizers(report));
}

void nck_json_render(const struct nck_report *report, const struct nck_render_options *options,
                     FILE *out) {
  // No text within a value can look like that: its line break would be escaped.
  static const char place[] = "\n  \"finalizers\": []";
  (void)options;
  json_t *json = build(report, json_array());
  char *text = json_dumps(json, JSON_INDENT(2)), *rows = text ? strstr(text, place) : NULL;
  if (rows) {
    rows += sizeof place - sizeof "]";
    fwrite(text, 1, (size_t)(rows - text), out);
    put_finalizers(report, out);
    fputs(rows, out);
    putc('\n', out);
  } else {
    json_object_set_new(json, "finalizers", build_finalizers(report));
    nck_json_write(json, out);
  }
  free(text);
  json_decref(json);
}

void nck_json_write(const json_t *json, FILE *out) {
  // In one piece: json_dumpf writes every comma by itself.
  char *text = json_dumps(json, JSON_INDENT(2));
  if (text)
    fputs(text, out);
  else
    json_dumpf(json, out, JSON_INDENT(2));
  free(text);
  putc('\n', out);
}

json_t *nck_json_read(const char *path, const char *what, struct nck_error *error) {
  FILE *file = fopen(path, "re");
  if (!file) {
    nck_error_set(error, "cannot read %s: %s", path, strerror(errno));
    return NULL;
  }
  json_error_t wrong;
  errno = 0;
  json_t *json = json_loadf(file, JSON_REJECT_DUPLICATES, &wrong);
  int trouble = errno;
  bool unread = ferror(file);
  fclose(file);
  if (!json && unread)
    nck_error_set(error, "cannot read %s: %s", path, strerror(trouble ? trouble : EIO));
  else if (!json)
    nck_error_set(error, "%s is not %s: line %d: %s", path, what, wrong.line, wrong.text);
  return json;
}

// A report that we wrote is clean; one from elsewhere may want to speak to a terminal, or to add
// lines of its own to a suppression file.
static void clean_texts(json_t *json, struct nck_arena *arena) {
  if (json_is_string(json)) {
    const char *text = json_string_value(json), *clean = nck_arena_clean(arena, text);
    if (strcmp(text, clean) != 0)
      json_string_set(json, clean);
  } else if (json_is_array(json)) {
    for (size_t i = 0; i < json_array_size(json); i++)
      clean_texts(json_array_get(json, i), arena);
  } else if (json_is_object(json)) {
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value) { clean_texts(value, arena); }
  }
}

#define MOST_COUNTED (1ll << 53)

json_int_t nck_json_count(const json_t *finding) {
  json_int_t count = json_integer_value(json_object_get(finding, "count"));
  return count < 0 ? 0 : count > MOST_COUNTED ? MOST_COUNTED : count;
}

json_t *nck_json_load(const char *path, struct nck_error *error) {
  json_t *json = nck_json_read(path, "a report", error);
  if (!json)
    return NULL;
  struct nck_arena arena = {0};
  clean_texts(json, &arena);
  nck_arena_drop(&arena);
  const char *schema = json_string_value(json_object_get(json, "schema"));
  if (!schema || strcmp(schema, NCK_JSON_SCHEMA) != 0 ||
      !json_is_array(json_object_get(json, "findings")) ||
      !json_is_array(json_object_get(json, "processes"))) {
    nck_error_set(error, "%s is JSON, but not a report of napicheck (%s)", path, NCK_JSON_SCHEMA);
    json_decref(json);
    return NULL;
  }
  return json;
}

bool nck_json_is_same_run(const json_t *left, const json_t *right) {
  const json_t *a = json_object_get(left, "run"), *b = json_object_get(right, "run");
  return a && b && json_integer_value(json_object_get(a, "root_pid")) != 0 && json_equal(a, b);
}

static void merge_arrays(json_t *into, const json_t *from, const char *key) {
  json_t *to = json_object_get(into, key), *more = json_object_get(from, key);
  if (json_is_array(to) && json_is_array(more))
    json_array_extend(to, more);
}

// Adds numbers of objects key by key; `peak` is the larger one.
static void merge_numbers(json_t *into, const json_t *from) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)from, key, value) {
    json_t *to = json_object_get(into, key);
    if (json_is_object(value) && json_is_object(to)) {
      merge_numbers(to, value);
    } else if (json_is_integer(value) && json_is_integer(to)) {
      json_int_t a = json_integer_value(to), b = json_integer_value(value);
      json_int_t sum;
      if (!strcmp(key, "peak") || __builtin_add_overflow(a, b, &sum))
        sum = a > b ? a : b;
      json_integer_set(to, sum);
    } else if (!to) {
      json_object_set_new(into, key, json_deep_copy(value));
    }
  }
}

static void merge_summary(json_t *into, const json_t *from) {
  static const char *const codes[] = {"verdict", "own_code", "exit_code"};
  json_int_t first[3], second[3];
  for (size_t i = 0; i < 3; i++) {
    first[i] = json_integer_value(json_object_get(into, codes[i]));
    second[i] = json_integer_value(json_object_get(from, codes[i]));
  }
  merge_numbers(into, from);
  // Statuses are not summed: the first that says something stays. 24 (nothing checked) gives way to
  // what was checked.
  for (size_t i = 0; i < 3; i++)
    json_object_set_new(into, codes[i], json_integer(first[i] ? first[i] : second[i]));
}

void nck_json_merge(json_t *into, const json_t *from) {
  static const char *const arrays[] = {"processes",    "findings",     "accepted_findings",
                                       "finalizers",   "failed_calls", "handle_profile",
                                       "suppressions", "notes"};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    merge_arrays(into, from, arrays[i]);
  merge_numbers(json_object_get(into, "counters"), json_object_get(from, "counters"));
  merge_summary(json_object_get(into, "summary"), json_object_get(from, "summary"));
}
