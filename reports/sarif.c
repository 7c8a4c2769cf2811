// sarif.c: a report as SARIF 2.1.0, for code scanning and editors.
//
// A run holds the findings of all processes. Paths are relative to the repository (%SRCROOT%)
// where they are below it, since code hosts place nothing else. `stacks` hold all frames, a code
// flow those that have a line, outermost first, the way the host walks through them.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "pages.h"
#include "render.h"
#include "source.h"
#include "version.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"
#define BASE_ID "SRCROOT"
// More than this a code host does not show.
#define MAX_FLOW 100

struct page {
  const struct nck_report *report;
  struct nck_arena scratch; // of one finding
  struct nck_arena arena;
  const char *root;
  bool baseline; // results say whether they are new
};

static json_t *message_of(const char *text) { return json_pack("{s:s}", "text", text); }

// A path as a URI reference; names may hold anything.
static const char *uri_of(struct page *page, const char *path, const char *prefix) {
  struct nck_text text = {0};
  nck_text_add(&text, "%s", prefix);
  // A colon in the first part would be taken for a scheme's.
  for (const char *at = path; *at; at++) {
    if (isalnum((unsigned char)*at) || strchr("/-._~+@,=", *at))
      nck_text_add_n(&text, at, 1);
    else
      nck_text_add(&text, "%%%02X", (unsigned char)*at);
  }
  const char *copy = nck_arena_print(&page->scratch, "%s", text.text);
  nck_text_drop(&text);
  return copy;
}

static json_t *artifact_of(struct page *page, const char *path, bool relative) {
  if (relative)
    return json_pack("{s:s,s:s}", "uri", uri_of(page, path, ""), "uriBaseId", BASE_ID);
  return json_pack("{s:s}", "uri", uri_of(page, path, *path == '/' ? "file://" : ""));
}

// NULL when there is no file.
static json_t *physical_of(struct page *page, const char *path, uint32_t line, uint32_t column) {
  const char *relative = nck_source_relative(&page->scratch, page->root, path);
  const char *shown = relative ? relative : nck_source_path(&page->scratch, path);
  if (!*shown)
    return NULL;
  json_t *json = json_pack("{s:o}", "artifactLocation", artifact_of(page, shown, relative != NULL));
  if (line) {
    json_t *region = json_pack("{s:i}", "startLine", (int)(line & INT32_MAX));
    if (column)
      json_object_set_new(region, "startColumn", json_integer(column));
    json_object_set_new(json, "region", region);
  }
  return json;
}

static json_t *location_of(json_t *physical, const char *function, const char *text) {
  json_t *json = json_object();
  if (physical)
    json_object_set_new(json, "physicalLocation", physical);
  if (*function)
    json_object_set_new(
        json, "logicalLocations",
        json_pack("[{s:s,s:s}]", "fullyQualifiedName", function, "kind", "function"));
  if (*text)
    json_object_set_new(json, "message", message_of(text));
  return json;
}

static json_t *native_location(struct page *page, const struct nck_report_frame *frame,
                               const char *text) {
  json_t *physical =
      frame->line ? physical_of(page, frame->path, frame->line, frame->column) : NULL;
  return location_of(physical, frame->function, text);
}

static json_t *js_location(struct page *page, const struct nck_report_js_frame *frame,
                           const char *text) {
  json_t *physical =
      frame->line ? physical_of(page, frame->path, frame->line, frame->column) : NULL;
  return location_of(physical, frame->function, text);
}

static const char *js_text(struct page *page, const struct nck_report_js_frame *frame) {
  return nck_arena_print(&page->scratch, "%s (%s:%u)",
                         *frame->function ? frame->function : "<anonymous>", frame->file,
                         frame->line);
}

static json_t *build_stack(struct page *page, const struct nck_report_stack *stack) {
  json_t *frames = json_array();
  for (uint32_t i = 0; i < stack->n_frames; i++) {
    const struct nck_report_frame *frame = &stack->frames[i];
    json_t *json =
        json_pack("{s:o}", "location",
                  native_location(page, frame, nck_report_frame_text(&page->scratch, frame)));
    if (frame->module)
      json_object_set_new(json, "module", json_string(frame->module->file));
    json_array_append_new(frames, json);
  }
  for (uint32_t i = 0; i < stack->n_js; i++)
    json_array_append_new(
        frames, json_pack("{s:o}", "location",
                          js_location(page, &stack->js[i], js_text(page, &stack->js[i]))));
  return json_pack("{s:o,s:o}", "message", message_of(stack->role), "frames", frames);
}

static void add_step(json_t *steps, json_t *location, const char *importance) {
  if (json_object_get(location, "physicalLocation") && json_array_size(steps) < MAX_FLOW)
    json_array_append_new(steps,
                          json_pack("{s:o,s:s}", "location", location, "importance", importance));
  else
    json_decref(location);
}

static json_t *build_flow(struct page *page, const struct nck_report_finding *finding) {
  json_t *threads = json_array();
  for (uint32_t s = 0; s < finding->n_stacks; s++) {
    const struct nck_report_stack *stack = &finding->stacks[s];
    const struct nck_report_frame *site = nck_report_stack_site(stack);
    json_t *steps = json_array();
    for (uint32_t i = stack->n_js; i-- > 0;)
      add_step(steps, js_location(page, &stack->js[i], js_text(page, &stack->js[i])), "important");
    for (uint32_t i = stack->n_frames; i-- > 0;) {
      const struct nck_report_frame *frame = &stack->frames[i];
      const char *text = nck_report_frame_text(&page->scratch, frame);
      if (frame == site)
        text = nck_arena_print(&page->scratch, "%s in %s", stack->role, text);
      add_step(steps, native_location(page, frame, text),
               frame == site  ? "essential"
               : frame->addon ? "important"
                              : "unimportant");
    }
    if (json_array_size(steps))
      json_array_append_new(
          threads, json_pack("{s:o,s:o}", "message", message_of(stack->role), "locations", steps));
    else
      json_decref(steps);
  }
  return threads;
}

static json_t *build_related(struct page *page, const struct nck_report_finding *finding) {
  json_t *array = json_array();
  for (uint32_t i = 0; i < finding->n_stacks; i++) {
    const struct nck_report_frame *frame = nck_report_stack_site(&finding->stacks[i]);
    if (!frame || !frame->line)
      continue;
    json_t *json =
        native_location(page, frame,
                        nck_arena_print(&page->scratch, "%s in %s", finding->stacks[i].role,
                                        nck_report_frame_text(&page->scratch, frame)));
    if (json_object_get(json, "physicalLocation")) {
      json_object_set_new(json, "id", json_integer(i + 1));
      json_array_append_new(array, json);
    } else {
      json_decref(json);
    }
  }
  return array;
}

static json_t *build_primary(struct page *page, const struct nck_report_finding *finding) {
  struct nck_source source = nck_source_find(finding, page->root, &page->scratch);
  json_t *physical = NULL;
  if (*source.path) {
    physical =
        json_pack("{s:o}", "artifactLocation", artifact_of(page, source.path, source.relative));
    // A host that shows a file has to show a line of it.
    json_t *region =
        json_pack("{s:i}", "startLine", source.line ? (int)(source.line & INT32_MAX) : 1);
    if (source.line && source.column)
      json_object_set_new(region, "startColumn", json_integer(source.column));
    json_object_set_new(physical, "region", region);
  }
  const struct nck_report_frame *site =
      finding->n_stacks ? nck_report_stack_site(&finding->stacks[0]) : NULL;
  return location_of(physical, site ? site->function : "", "");
}

static const char *level_of(enum nck_severity severity) {
  return severity >= NCK_SEVERITY_LEAK      ? "error"
         : severity == NCK_SEVERITY_WARNING ? "warning"
                                            : "note";
}

static const char *package_of(struct page *page, const struct nck_report_module *module) {
  if (!module || !*module->package)
    return "";
  return nck_arena_print(&page->scratch, *module->version ? "%s@%s" : "%s", module->package,
                         module->version);
}

static json_t *build_properties(struct page *page, const struct nck_report_finding *finding) {
  json_t *json = json_object();
  json_object_set_new(json, "severity", json_string(nck_severity_word(finding->severity)));
  if (*finding->evidence)
    json_object_set_new(json, "evidence", json_string(finding->evidence));
  if (finding->module)
    json_object_set_new(json, "module", json_string(finding->module->file));
  const char *package = package_of(page, finding->module);
  if (*package)
    json_object_set_new(json, "package", json_string(package));
  json_object_set_new(json, "pid", json_integer(finding->process->pid));
  json_object_set_new(json, "env", json_integer(finding->env));
  json_object_set_new(json, "suppression", json_string(finding->suppression));
  json_t *facts = json_array();
  for (uint32_t i = 0; i < finding->n_facts; i++)
    json_array_append_new(facts, json_string(finding->facts[i]));
  json_object_set_new(json, "facts", facts);
  return json;
}

static json_t *build_message(struct page *page, const struct nck_report_finding *finding) {
  const char *text = finding->message;
  if (*finding->reason)
    text = nck_arena_print(&page->scratch, "%s (no more than a %s: %s)", text,
                           nck_severity_word(finding->severity), finding->reason);
  return message_of(text);
}

static json_t *build_result(struct page *page, const struct nck_report_finding *finding) {
  const struct nck_kind *kind = &nck_kinds[finding->kind];
  json_t *json = json_pack("{s:s,s:i,s:s,s:o,s:[o]}", "ruleId", kind->word, "ruleIndex",
                           (int)finding->kind, "level", level_of(finding->severity), "message",
                           build_message(page, finding), "locations", build_primary(page, finding));
  json_t *related = build_related(page, finding), *flow = build_flow(page, finding);
  json_t *stacks = json_array();
  for (uint32_t i = 0; i < finding->n_stacks; i++)
    json_array_append_new(stacks, build_stack(page, &finding->stacks[i]));
  json_object_set_new(json, "relatedLocations", related);
  json_object_set_new(json, "stacks", stacks);
  if (json_array_size(flow))
    json_object_set_new(json, "codeFlows", json_pack("[{s:o}]", "threadFlows", flow));
  else
    json_decref(flow);
  // The code host's own key comes with the number of the occurrence on that line.
  const char *line_hash = nck_arena_print(&page->scratch, "%s:1", finding->fingerprint);
  json_object_set_new(json, "partialFingerprints",
                      json_pack("{s:s,s:s}", "napicheck/v1", finding->fingerprint,
                                "primaryLocationLineHash", line_hash));
  json_object_set_new(
      json, "occurrenceCount",
      json_integer(finding->count < INT32_MAX ? (json_int_t)finding->count : INT32_MAX));
  if (finding->state == NCK_FINDING_SUPPRESSED)
    json_object_set_new(
        json, "suppressions",
        json_pack("[{s:s,s:s}]", "kind", "external", "justification", finding->suppressed_by));
  if (page->baseline)
    json_object_set_new(json, "baselineState",
                        json_string(finding->state == NCK_FINDING_BASELINE ? "unchanged" : "new"));
  json_object_set_new(json, "properties", build_properties(page, finding));
  return json;
}

// "leaked-reference" as "LeakedReference".
static json_t *rule_name(const char *word) {
  char name[64];
  size_t n = 0;
  for (bool upper = true; *word && n < sizeof name - 1; word++) {
    if (*word != '-')
      name[n++] = upper ? (char)toupper((unsigned char)*word) : *word;
    upper = *word == '-';
  }
  return json_stringn(name, n);
}

// As a sentence of its own. A function's name keeps its first letter.
static const char *sentence(struct page *page, const char *text) {
  char first = *text;
  if (!memchr(text, '_', strcspn(text, " ")))
    first = (char)toupper((unsigned char)first);
  return nck_arena_print(&page->arena, "%c%s.", first, text + 1);
}

// Of a rule that a result names the whole page, of the others the advice: all pages are 200 KiB.
static json_t *build_help(struct page *page, int kind, bool used) {
  char *plain = used ? nck_page_text(nck_pages[kind]) : NULL,
       *markdown = used ? nck_page_markdown(nck_pages[kind]) : NULL;
  json_t *json;
  if (plain && markdown) {
    json = json_pack("{s:s,s:s}", "text", plain, "markdown", markdown);
  } else {
    const char *word = nck_kinds[kind].word, *advice = sentence(page, nck_kinds[kind].advice);
    json = json_pack(
        "{s:s,s:s}", "text",
        nck_arena_print(&page->arena, "What to do: %s\nMore: napicheck explain %s", advice, word),
        "markdown",
        nck_arena_print(&page->arena, "**What to do:** %s\n\nMore: `napicheck explain %s`", advice,
                        word));
  }
  free(plain);
  free(markdown);
  return json;
}

static json_t *build_rules(struct page *page) {
  json_t *rules = json_array();
  bool used[NCK_N_FINDINGS] = {false};
  for (size_t i = 0; i < page->report->n_findings; i++)
    used[page->report->findings[i]->kind] = true;
  for (int i = 0; i < NCK_N_FINDINGS; i++) {
    const struct nck_kind *kind = &nck_kinds[i];
    const char *title = sentence(page, kind->title), *advice = sentence(page, kind->advice);
    const char *problem = kind->severity >= NCK_SEVERITY_LEAK      ? "error"
                          : kind->severity == NCK_SEVERITY_WARNING ? "warning"
                                                                   : "recommendation";
    json_array_append_new(
        rules,
        json_pack("{s:s,s:o,s:o,s:o,s:o,s:{s:s},s:{s:[s,s],s:s,s:s}}", "id", kind->word, "name",
                  rule_name(kind->word), "shortDescription", message_of(title), "fullDescription",
                  message_of(advice), "help", build_help(page, i, used[i]), "defaultConfiguration",
                  "level", level_of(kind->severity), "properties", "tags", "node-api", kind->group,
                  "problem.severity", problem, "precision", "very-high"));
  }
  return rules;
}

static json_t *build_invocation(struct page *page, const struct nck_report_process *process) {
  json_t *arguments = json_array();
  for (uint32_t i = 1; i < process->n_argv; i++)
    json_array_append_new(arguments, json_string(process->argv[i]));
  // Whether napicheck could do its work; findings are not failures of it.
  json_t *json = json_pack("{s:b,s:o,s:i}", "executionSuccessful", !process->blind_ms, "arguments",
                           arguments, "processId", (int)(process->pid & INT32_MAX));
  if (*process->exe == '/')
    json_object_set_new(json, "executableLocation", artifact_of(page, process->exe, false));
  if (*process->cwd == '/')
    json_object_set_new(json, "workingDirectory", artifact_of(page, process->cwd, false));
  time_t start = (time_t)(process->start_wall_ms / 1000);
  struct tm utc;
  char text[64];
  if (start && gmtime_r(&start, &utc) && utc.tm_year < 8000) {
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_object_set_new(json, "startTimeUtc", json_string(text));
  }
  if (!strcmp(process->end_how, "exit"))
    json_object_set_new(json, "exitCode", json_integer(process->end_code));
  else if (!strcmp(process->end_how, "signal") && process->end_code)
    json_object_set_new(json, "exitSignalNumber", json_integer(process->end_code));
  if (process->blind_ms)
    json_object_set_new(
        json, "toolExecutionNotifications",
        json_pack("[{s:s,s:o}]", "level", "error", "message", message_of(process->blind_reason)));
  return json;
}

static json_t *build_run(struct page *page) {
  const struct nck_report *report = page->report;
  json_t *results = json_array(), *invocations = json_array();
  for (size_t i = 0; i < report->n_processes; i++)
    json_array_append_new(invocations, build_invocation(page, report->processes[i]));
  for (size_t i = 0; i < report->n_findings; i++) {
    json_array_append_new(results, build_result(page, report->findings[i]));
    nck_arena_drop(&page->scratch);
  }
  json_t *driver = json_pack("{s:s,s:s,s:s,s:o}", "name", "napicheck", "version", NCK_VERSION,
                             "semanticVersion", NCK_VERSION, "rules", build_rules(page));
  json_t *run = json_pack("{s:{s:o},s:s,s:o,s:o}", "tool", "driver", driver, "columnKind",
                          "utf16CodeUnits", "invocations", invocations, "results", results);
  if (*page->root) {
    const char *uri = uri_of(page, nck_arena_print(&page->scratch, "%s/", page->root), "file://");
    json_object_set_new(run, "originalUriBaseIds", json_pack("{s:{s:s}}", BASE_ID, "uri", uri));
  }
  return run;
}

void nck_sarif_render(const struct nck_report *report, const struct nck_render_options *options,
                      FILE *out) {
  struct page page = {.report = report};
  page.root = nck_source_root(report, &page.arena);
  page.baseline = *nck_options_text(options->options, NCK_OPTION_baseline) != '\0';
  json_t *run = build_run(&page);
  // Written by hand around the run: reports of further processes add theirs (outputs.c).
  fprintf(out, "{\n\"$schema\": \"%s\",\n\"version\": \"2.1.0\",\n" NCK_SARIF_HEAD, SCHEMA);
  json_dumpf(run, out, JSON_INDENT(1));
  fputs(NCK_SARIF_TAIL, out);
  json_decref(run);
  nck_arena_drop(&page.scratch);
  nck_arena_drop(&page.arena);
}
