// reports_judge.c: which live objects are findings, of which severity and why; and what they amount
// to.
#include <unistd.h>

#include "../fake/record_writer.h"
#include "build.h"
#include "check.h"
#include "policy.h"

static char path[64];
static struct nck_record_writer writer;
static struct nck_report report;
static uint32_t module, n_frames;

// --- making records ---

static void begin(void) {
  nck_record_writer_new(&writer);
  module = nck_record_writer_module(&writer, "/nowhere/addon.node", NCK_MODULE_ADDON);
  struct nck_env_row env = {.env = 1, .thread = 1, .module = module, .n_calls = 100};
  nck_record_writer_append(&writer, NCK_TABLE_ENV, &env, 1);
}

static uint32_t new_site(enum nck_object_kind kind) {
  uint64_t frame = NCK_FRAME_MAKE(module, 0x1000 + 16 * ++n_frames);
  return nck_record_writer_site(&writer, kind, module, nck_record_writer_stack(&writer, &frame, 1));
}

static struct nck_object *object_at(size_t row) {
  return (struct nck_object *)writer.tables[NCK_TABLE_OBJECT].rows + row;
}

// `count` objects of one new site.
static uint32_t add(enum nck_object_kind kind, enum nck_evidence evidence, uint32_t reference_count,
                    uint32_t flags, size_t count) {
  size_t first = writer.tables[NCK_TABLE_OBJECT].n_rows;
  uint32_t site = new_site(kind);
  nck_record_writer_objects(&writer, site, evidence, reference_count, count);
  for (size_t i = 0; i < count; i++)
    object_at(first + i)->flags = (uint16_t)flags;
  return site;
}

// Live counts that rose evenly through the run of ten seconds.
static void add_rise(uint32_t site, uint32_t to) {
  struct nck_series series = {.start_ms = 0, .bucket_ms = 200, .n_buckets = 50, .site = site};
  for (uint32_t i = 0; i < series.n_buckets; i++)
    series.buckets[i] =
        (struct nck_series_bucket){to * i / 50, to * (i + 1) / 50, to * (i + 1) / 50, to / 50};
  uint32_t row = nck_record_writer_append(&writer, NCK_TABLE_SERIES, &series, 1);
  ((struct nck_site *)writer.tables[NCK_TABLE_SITE].rows)[site].series = row;
}

static void judge_as(const char *options_text, int own_code) {
  nck_record_writer_write(&writer, path);
  nck_record_writer_drop(&writer);
  struct nck_error error = {""};
  struct nck_record record;
  nck_report_drop(&report);
  CHECK(nck_record_open(&record, path, &error));
  struct nck_options options;
  nck_options_new(&options);
  CHECK(nck_options_parse(&options, options_text, NULL, NULL));
  nck_build_add(&report, &record, &options, false);
  nck_policy_apply(&report, &options, own_code);
  nck_options_drop(&options);
  nck_record_drop(&record);
}

static void judge(const char *options_text) { judge_as(options_text, 0); }

// --- looking at reports ---

static const struct nck_report_finding *find(enum nck_finding_kind kind, const char *evidence) {
  for (size_t i = 0; i < report.n_findings; i++) {
    if (report.findings[i]->kind == kind && !strcmp(report.findings[i]->evidence, evidence))
      return report.findings[i];
  }
  return NULL;
}

static void expect(enum nck_finding_kind kind, const char *evidence, enum nck_severity severity,
                   uint64_t count) {
  const struct nck_report_finding *finding = find(kind, evidence);
  CHECK(finding != NULL);
  if (!finding) {
    fprintf(stderr, "  %s %s\n", nck_kinds[kind].word, evidence);
    return;
  }
  CHECK_UINT(finding->severity, severity);
  CHECK_UINT(finding->count, count);
  CHECK(*finding->message && *finding->suppression && strlen(finding->fingerprint) == 16);
  // What is less than its kind's severity says why.
  CHECK(severity == nck_kinds[kind].severity || *finding->reason);
}

static void test_evidence(void) {
  begin();
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, 0, 97);
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 0, 0, 5);
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_STATIC, 1, NCK_OBJECT_INIT, 1);
  object_at(writer.tables[NCK_TABLE_OBJECT].n_rows - 1)->held_module = (uint16_t)module;
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_HEAP, 0, 0, 2);
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, NCK_OBJECT_IGNORED, 7);
  add(NCK_KIND_ASYNC_WORK, NCK_EVIDENCE_LOST, 0, 0, 3);
  add(NCK_KIND_ASYNC_WORK, NCK_EVIDENCE_LOST, 0, NCK_OBJECT_QUEUED, 4);
  add(NCK_KIND_THREADSAFE_FUNCTION, NCK_EVIDENCE_LOST, 1, NCK_OBJECT_CLOSING, 8);
  add(NCK_KIND_THREADSAFE_FUNCTION, NCK_EVIDENCE_LOST, 1, 0, 6);
  add(NCK_KIND_DEFERRED, NCK_EVIDENCE_HEAP, 0, 0, 9);
  add(NCK_KIND_ASYNC_CONTEXT, NCK_EVIDENCE_SHARED, 0, 0, 10);
  add(NCK_KIND_HANDLE, NCK_EVIDENCE_LOST, 0, 0, 1000);
  judge("");
  CHECK_UINT(report.n_findings, 9);
  expect(NCK_FINDING_LEAKED_REFERENCE, "lost", NCK_SEVERITY_LEAK, 97);
  expect(NCK_FINDING_LEAKED_WEAK_REFERENCE, "lost", NCK_SEVERITY_LEAK, 5);
  expect(NCK_FINDING_LEAKED_REFERENCE, "held", NCK_SEVERITY_NOTE, 1);
  expect(NCK_FINDING_LEAKED_WEAK_REFERENCE, "held", NCK_SEVERITY_NOTE, 2);
  expect(NCK_FINDING_LEAKED_ASYNC_WORK, "lost", NCK_SEVERITY_LEAK, 3);
  expect(NCK_FINDING_LEAKED_ASYNC_WORK, "queued", NCK_SEVERITY_NOTE, 4);
  expect(NCK_FINDING_LEAKED_THREADSAFE_FUNCTION, "lost", NCK_SEVERITY_LEAK, 6);
  expect(NCK_FINDING_UNSETTLED_DEFERRED, "held", NCK_SEVERITY_NOTE, 9);
  expect(NCK_FINDING_LEAKED_ASYNC_CONTEXT, "held", NCK_SEVERITY_NOTE, 10);
  CHECK(strstr(find(NCK_FINDING_LEAKED_REFERENCE, "held")->message, "static data of addon.node"));
  CHECK_UINT(report.summary.by_severity[NCK_SEVERITY_LEAK], 4);
  CHECK_UINT(report.summary.by_severity[NCK_SEVERITY_NOTE], 5);
  CHECK_UINT(report.summary.leaked[NCK_KIND_REFERENCE], 102);
  CHECK_UINT(report.summary.verdict, 23);
  // The worst first.
  CHECK_UINT(report.findings[0]->count, 97);
}

static bool has_fact(const struct nck_report_finding *finding, const char *words) {
  for (uint32_t i = 0; i < finding->n_facts; i++) {
    if (!strcmp(finding->facts[i], words))
      return true;
  }
  return false;
}

static void test_facts(void) {
  begin();
  uint32_t site = add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, NCK_OBJECT_VALUE_DEAD, 3);
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 2, 0, 1);
  uint32_t name = nck_record_writer_string(&writer, "Session");
  ((struct nck_site *)writer.tables[NCK_TABLE_SITE].rows)[site].class_name = name;
  struct nck_fate fate = {.site = site, .verb = NCK_FATE_DELETED, .count = 1903};
  nck_record_writer_append(&writer, NCK_TABLE_FATE, &fate, 1);
  judge("");
  CHECK_UINT(report.n_findings, 2);
  CHECK(has_fact(report.findings[0], "refers to: 3 functions (class Session)"));
  CHECK(has_fact(report.findings[0], "of 3 the value has been collected already"));
  CHECK(has_fact(report.findings[0], "1903 others of this call site were deleted"));
  CHECK(has_fact(report.findings[1], "refers to: 1 function"));
  CHECK(has_fact(report.findings[1], "1 has a count above 1"));
}

static void test_leak_check(void) {
  static const struct {
    const char *options;
    enum nck_severity lost, held;
  } rows[] = {
      {"leak_check=all", NCK_SEVERITY_LEAK, NCK_SEVERITY_LEAK},
      {"leak_check=lost", NCK_SEVERITY_LEAK, NCK_SEVERITY_NOTE},
      {"leak_check=growing", NCK_SEVERITY_NOTE, NCK_SEVERITY_NOTE},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    begin();
    add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, 0, 2);
    add(NCK_KIND_REFERENCE, NCK_EVIDENCE_HEAP, 1, 0, 3);
    judge(rows[i].options);
    expect(NCK_FINDING_LEAKED_REFERENCE, "lost", rows[i].lost, 2);
    expect(NCK_FINDING_LEAKED_REFERENCE, "held", rows[i].held, 3);
  }
  static const char *const silent[] = {"leak_check=none", "checks=-references", "checks=handles"};
  for (size_t i = 0; i < 3; i++) {
    begin();
    add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, 0, 2);
    judge(silent[i]);
    CHECK_UINT(report.n_findings, 0);
    CHECK_UINT(report.summary.verdict, 0);
  }
}

static void test_ends(void) {
  // Killed: there was no search, and nothing is certain.
  begin();
  writer.header.state = NCK_PROCESS_RUNNING;
  writer.header.end_how = NCK_END_UNKNOWN;
  writer.header.pid = 0x7ffffff0;
  writer.header.scan_state = 0;
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_NONE, 1, 0, 12);
  judge("leak_check=all");
  expect(NCK_FINDING_LEAKED_REFERENCE, "live", NCK_SEVERITY_NOTE, 12);
  CHECK(!strcmp(report.processes[0]->end_how, "signal"));
  // Ended in the middle: only what is lost counts.
  for (int i = 0; i < 3; i++) {
    begin();
    writer.header.end_code = i == 0;
    writer.header.end_how = i == 1 ? NCK_END_ABORT : i == 2 ? NCK_END_EXIT_IN_CALL : NCK_END_EXIT;
    add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, 0, 2);
    add_rise(add(NCK_KIND_REFERENCE, NCK_EVIDENCE_HEAP, 1, 0, 500), 500);
    judge("leak_check=all");
    expect(NCK_FINDING_LEAKED_REFERENCE, "lost", NCK_SEVERITY_LEAK, 2);
    expect(NCK_FINDING_LEAKED_REFERENCE, "held", NCK_SEVERITY_NOTE, 500);
    CHECK(!find(NCK_FINDING_GROWING_REFERENCES, "growing"));
  }
  // Blind: nothing counts.
  begin();
  writer.header.blind_ms = 10;
  writer.header.blind_reason = nck_record_writer_string(&writer, "no memory");
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, 0, 2);
  judge("");
  expect(NCK_FINDING_LEAKED_REFERENCE, "lost", NCK_SEVERITY_NOTE, 2);
  CHECK(strstr(find(NCK_FINDING_LEAKED_REFERENCE, "lost")->reason, "no memory") != NULL);
  // The search failed.
  begin();
  writer.header.scan_state = 2;
  writer.header.scan_reason = nck_record_writer_string(&writer, "no /proc");
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_NONE, 1, 0, 2);
  judge("");
  expect(NCK_FINDING_LEAKED_REFERENCE, "live", NCK_SEVERITY_NOTE, 2);
  CHECK(strstr(find(NCK_FINDING_LEAKED_REFERENCE, "live")->reason, "no /proc") != NULL);
}

static void test_growth(void) {
  // Held, but ever more of them: one finding, and no note besides.
  begin();
  add_rise(add(NCK_KIND_REFERENCE, NCK_EVIDENCE_HEAP, 1, 0, 500), 500);
  judge("");
  CHECK_UINT(report.n_findings, 1);
  expect(NCK_FINDING_GROWING_REFERENCES, "growing", NCK_SEVERITY_LEAK, 500);
  CHECK(strstr(report.findings[0]->message, "100, 200, 300, 400, 500") != NULL);
  // Nearly all of them are lost: that says it.
  begin();
  add_rise(add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, 0, 500), 500);
  judge("");
  CHECK_UINT(report.n_findings, 1);
  expect(NCK_FINDING_LEAKED_REFERENCE, "lost", NCK_SEVERITY_LEAK, 500);
  // Some are lost: both, each object once.
  begin();
  uint32_t site = add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, 0, 155);
  nck_record_writer_objects(&writer, site, NCK_EVIDENCE_HEAP, 1, 65);
  add_rise(site, 220);
  judge("");
  CHECK_UINT(report.n_findings, 2);
  expect(NCK_FINDING_LEAKED_REFERENCE, "lost", NCK_SEVERITY_LEAK, 155);
  expect(NCK_FINDING_GROWING_REFERENCES, "growing", NCK_SEVERITY_LEAK, 65);
  // Other kinds keep their own word.
  begin();
  add_rise(add(NCK_KIND_DEFERRED, NCK_EVIDENCE_HEAP, 0, 0, 500), 500);
  add_rise(add(NCK_KIND_CLEANUP_HOOK, NCK_EVIDENCE_NONE, 0, 0, 500), 500);
  judge("");
  expect(NCK_FINDING_UNSETTLED_DEFERRED, "growing", NCK_SEVERITY_LEAK, 500);
  expect(NCK_FINDING_GROWING_CLEANUP_HOOKS, "growing", NCK_SEVERITY_LEAK, 500);
  begin();
  add_rise(add(NCK_KIND_REFERENCE, NCK_EVIDENCE_HEAP, 1, 0, 500), 500);
  judge("leak_check=lost");
  CHECK_UINT(report.n_findings, 1);
  expect(NCK_FINDING_LEAKED_REFERENCE, "held", NCK_SEVERITY_NOTE, 500);
}

static void add_event(enum nck_finding_kind kind, uint8_t severity) {
  uint64_t frames[2] = {NCK_FRAME_MAKE(module, 0x100), NCK_FRAME_MAKE(module, 0x200)};
  struct nck_finding finding = {.kind = (uint16_t)kind,
                                .severity = severity,
                                .env = 1,
                                .module = module,
                                .roles = {NCK_ROLE_CREATED, NCK_ROLE_USED},
                                .count = 2};
  finding.stacks[0] = nck_record_writer_stack(&writer, frames, 1);
  finding.stacks[1] = nck_record_writer_stack(&writer, frames + 1, 1);
  finding.message = nck_record_writer_string(&writer, "a message with\na\033[31m line");
  nck_record_writer_append(&writer, NCK_TABLE_FINDING, &finding, 1);
}

static void test_events(void) {
  begin();
  add_event(NCK_FINDING_REFERENCE_USE_AFTER_DELETE, NCK_SEVERITY_ERROR);
  add_event(NCK_FINDING_STALE_HANDLE, NCK_SEVERITY_WARNING);
  add_event(NCK_N_FINDINGS, NCK_SEVERITY_ERROR); // of a newer library: not ours to tell
  judge("");
  CHECK_UINT(report.n_findings, 2);
  expect(NCK_FINDING_REFERENCE_USE_AFTER_DELETE, "", NCK_SEVERITY_ERROR, 2);
  CHECK_UINT(find(NCK_FINDING_STALE_HANDLE, "")->severity, NCK_SEVERITY_WARNING);
  const struct nck_report_finding *finding = report.findings[0];
  // The event itself comes first, and nothing in it speaks to a terminal.
  CHECK(!strcmp(finding->stacks[0].role, "used"));
  CHECK(!strcmp(finding->stacks[1].role, "created"));
  CHECK(!strcmp(finding->message, "a message with a?[31m line"));
  CHECK(strstr(finding->suppression, "reference-use-after-delete:addon.node+0x200"));
  begin();
  add_event(NCK_FINDING_STALE_HANDLE, NCK_SEVERITY_ERROR);
  judge("checks=-handles");
  CHECK_UINT(report.n_findings, 0);
}

static void test_policy(void) {
  static const struct {
    const char *options;
    int own, verdict, exit_code;
  } rows[] = {
      {"", 0, 23, 23},
      {"", 1, 23, 1},
      {"", 137, 23, 137},
      {"exitcode=0", 0, 0, 0},
      {"exitcode=99", 0, 99, 99},
      {"fail_on=error", 0, 0, 0},
      {"fail_on=none", 0, 0, 0},
      {"fail_on=leaked-reference", 0, 23, 23},
      {"fail_on=leak,warning", 0, 23, 23},
      {"require=addon.node", 0, 23, 23},
      {"fail_on=error:require=*.node", 0, 0, 0},
      {"fail_on=error:require=/nowhere/*", 0, 0, 0},
      {"fail_on=error:require=other.node", 0, 24, 24},
      {"fail_on=error:require=other.node", 3, 24, 3},
      {"require=other.node:exitcode=0", 0, 24, 24},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    begin();
    add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, 0, 2);
    judge_as(rows[i].options, rows[i].own);
    CHECK_UINT(report.summary.verdict, rows[i].verdict);
    CHECK_UINT(report.summary.exit_code, rows[i].exit_code);
    CHECK_UINT(report.summary.own_code, rows[i].own);
  }
}

static void test_fingerprints(void) {
  char first[17];
  begin();
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, 0, 2);
  uint32_t site = (uint32_t)writer.tables[NCK_TABLE_SITE].n_rows - 1;
  nck_record_writer_objects(&writer, site, NCK_EVIDENCE_HEAP, 1, 2);
  judge("");
  // The same call site, whatever the evidence.
  CHECK(!strcmp(report.findings[0]->fingerprint, report.findings[1]->fingerprint));
  snprintf(first, sizeof first, "%s", report.findings[0]->fingerprint);
  begin();
  add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 1, 0, 2);
  judge("");
  CHECK(strcmp(report.findings[0]->fingerprint, first) != 0);
}

// One step of a history; its row.
static uint32_t add_step(uint32_t before, uint32_t stack, uint32_t verb, uint64_t n_ended) {
  struct nck_fate step = {
      .site = before, .stack = stack, .verb = verb | NCK_STEP, .count = n_ended};
  return nck_record_writer_append(&writer, NCK_TABLE_FATE, &step, 1);
}

static void test_histories(void) {
  begin();
  uint64_t frames[3];
  uint32_t stacks[3];
  for (int i = 0; i < 3; i++) {
    frames[i] = NCK_FRAME_MAKE(module, 0x100u + 16u * (unsigned)i);
    stacks[i] = nck_record_writer_stack(&writer, &frames[i], 1);
  }
  uint32_t site = add(NCK_KIND_REFERENCE, NCK_EVIDENCE_LOST, 2, 0, 5);
  uint32_t first = add_step(site, 1, NCK_FATE_CREATED | NCK_STEP_FIRST, 0);
  uint32_t shared = add_step(first, stacks[0], NCK_FATE_REF, 0);
  uint32_t unshared = add_step(shared, stacks[1], NCK_FATE_UNREF, 0);
  add_step(unshared, stacks[2], NCK_FATE_DELETED, 30);
  add_step(shared, stacks[2], NCK_FATE_DELETED, 2);
  // Damaged ones: a circle, a step without a beginning, one that leads nowhere, one of no site.
  uint32_t next = (uint32_t)writer.tables[NCK_TABLE_FATE].n_rows;
  add_step(next, stacks[0], NCK_FATE_DELETED, 7);
  add_step(next + 2, stacks[0], NCK_FATE_DELETED, 7);
  add_step(next + 1, stacks[0], NCK_FATE_DELETED, 7);
  add_step(0, stacks[0], NCK_FATE_DELETED, 7);
  add_step(99999, stacks[0], NCK_FATE_DELETED, 7);
  add_step(99999, 1, NCK_FATE_DELETED | NCK_STEP_FIRST, 7);
  for (size_t i = 1; i < writer.tables[NCK_TABLE_OBJECT].n_rows; i++)
    object_at(i)->next = i <= 4 ? shared : next + 1;
  judge("history=full");
  const struct nck_report_finding *finding = find(NCK_FINDING_LEAKED_REFERENCE, "lost");
  CHECK(finding != NULL);
  if (!finding)
    return;
  CHECK_UINT(finding->n_histories, 4);
  CHECK_UINT(finding->histories[0].count, 4);
  CHECK(!finding->histories[0].ended);
  CHECK_UINT(finding->histories[0].n_steps, 2);
  CHECK_UINT(finding->histories[0].steps[1].count, 2);
  CHECK_UINT(finding->histories[1].count, 1); // the damaged one: made, and no more is known
  CHECK_UINT(finding->histories[1].n_steps, 1);
  CHECK_UINT(finding->histories[2].count, 30);
  CHECK(finding->histories[2].ended);
  CHECK_UINT(finding->histories[2].n_steps, 4);
  CHECK(!strcmp(finding->histories[2].steps[3].action, "deleted"));
  CHECK_UINT(finding->histories[3].count, 2);
  CHECK(has_fact(finding, "30 others that were made there went the same way and were then "
                          "unreferenced (1) in addon.node+0x110, then deleted in "
                          "addon.node+0x120"));
}

int main(void) {
  snprintf(path, sizeof path, "/tmp/reports_judge-%d.napicheck", (int)getpid());
  test_evidence();
  test_facts();
  test_histories();
  test_leak_check();
  test_ends();
  test_growth();
  test_events();
  test_policy();
  test_fingerprints();
  nck_report_drop(&report);
  unlink(path);
  return CHECK_DONE();
}
