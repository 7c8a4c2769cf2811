// reports_suppress.c: patterns and lines of suppression files.
#include "check.h"
#include "suppress.h"

static void test_patterns(void) {
  static const struct {
    const char *pattern, *text;
    bool matches;
  } rows[] = {
      {"ref", "make_ref", true},
      {"make_ref", "make_ref", true},
      {"make_ref2", "make_ref", false},
      {"^make", "make_ref", true},
      {"^ref", "make_ref", false},
      {"ref$", "make_ref", true},
      {"make$", "make_ref", false},
      {"^make_ref$", "make_ref", true},
      {"^make_ref$", "make_refs", false},
      {"*", "anything", true},
      {"*", "", true},
      {"m*f", "make_ref", true},
      {"^m*f$", "make_ref", true},
      {"^a*f$", "make_ref", false},
      {"a*e*f", "make_ref", true},
      {"e*a", "make_ref", false},
      {"ab$", "abab", true},
      {"^ab*ab$", "ab", false},
      {"^ab*ab$", "abab", true},
      {"^ab*bc$", "abxbxbc", true},
      {"Cache::put(", "Cache::put(Napi::CallbackInfo const&)", true},
      {"f(char*)", "f(char*)", true},
      {"a$b", "xa$bx", true},
      {"$", "make_ref", true},
      {"^$", "make_ref", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool matches = nck_suppress_match(rows[i].pattern, rows[i].text);
    CHECK(matches == rows[i].matches);
    if (matches != rows[i].matches)
      fprintf(stderr, "  %s on %s\n", rows[i].pattern, rows[i].text);
  }
}

static void test_lines(void) {
  struct nck_suppressions list = {0};
  struct nck_error error = {""};
  CHECK(nck_suppressions_parse(
      &list, "a.supp",
      "# a comment\n"
      "\n"
      "leaked-reference:make_ref\n"
      "  *:addon.node   # behind a blank\n"
      "stale-handle:<T as Foo>::bar::{closure#0}\n"
      "leaked-reference:f(a, b) max=3 expires=2030-01-31 reason=\"not # ours\"\n",
      &error));
  CHECK_UINT(list.n_rows, 4);
  CHECK(!strcmp(list.rows[0].pattern, "make_ref"));
  CHECK_UINT(list.rows[0].line, 3);
  CHECK_UINT(list.rows[1].kind, -1);
  CHECK(!strcmp(list.rows[1].pattern, "addon.node"));
  CHECK(!strcmp(list.rows[2].pattern, "<T as Foo>::bar::{closure#0}"));
  CHECK(!strcmp(list.rows[3].pattern, "f(a, b)"));
  CHECK_UINT(list.rows[3].max, 3);
  CHECK(!strcmp(list.rows[3].expires, "2030-01-31"));
  CHECK(!strcmp(list.rows[3].reason, "not # ours"));
  nck_suppressions_drop(&list);
}

static void expect_complaint(const char *line, const char *word) {
  struct nck_suppressions list = {0};
  struct nck_error error = {""};
  CHECK(!nck_suppressions_parse(&list, "a.supp", line, &error));
  CHECK(strstr(error.text, "a.supp:1: ") == error.text);
  CHECK(strstr(error.text, word) != NULL);
  if (!strstr(error.text, word))
    fprintf(stderr, "  %s\n", error.text);
  CHECK_UINT(list.n_rows, 0);
  nck_suppressions_drop(&list);
}

static void test_complaints(void) {
  expect_complaint("make_ref\n", "kind:pattern");
  expect_complaint("leaked-referense:x\n", "did you mean `leaked-reference'?");
  expect_complaint("leaked-reference:\n", "empty");
  expect_complaint("leaked-reference:x max=many\n", "number");
  expect_complaint("leaked-reference:x max=-1\n", "number");
  expect_complaint("leaked-reference:x expires=tomorrow\n", "date");
  expect_complaint("leaked-reference:x expires=2030-13-01\n", "date");
  expect_complaint("leaked-reference:x expires=2030-02-30\n", "date");
  expect_complaint("leaked-reference:x expires=2031-02-29\n", "date");
  expect_complaint("leaked-reference:x reason=\"open\n", "quote");
  expect_complaint("leaked-reference:x max=1 until=2\n", "unknown setting");
}

// A report of three findings.
static void make_report(struct nck_report *report) {
  static struct nck_report_module module = {
      .file = "addon.node", .path = "/p/addon.node", .package = "pkg", .version = "1.0.0"};
  static const struct nck_report_frame frames[] = {
      {.function = "Cache::put(int)",
       .file = "cache.cc",
       .path = "/src/cache.cc",
       .module = &module},
      {.function = "", .file = "", .path = "", .offset = 0x1234, .module = &module},
  };
  static const struct nck_report_js_frame js = {
      .function = "load", .file = "index.js", .path = "/p/index.js"};
  static const struct nck_report_stack stacks[] = {
      {.role = "created", .frames = frames, .n_frames = 1},
      {.role = "created", .frames = frames + 1, .n_frames = 1, .js = &js, .n_js = 1},
  };
  static struct nck_report_process process;
  memset(report, 0, sizeof *report);
  for (int i = 0; i < 3; i++) {
    struct nck_report_finding *finding = nck_report_add_finding(report);
    finding->kind = i == 2 ? NCK_FINDING_STALE_HANDLE : NCK_FINDING_LEAKED_REFERENCE;
    finding->count = 5;
    finding->process = &process;
    finding->module = &module;
    finding->stacks = &stacks[i == 1];
    finding->n_stacks = 1;
    finding->suppressed_by = "";
  }
}

// Which findings a line suppresses, as bits.
static unsigned apply(const char *line, const char *note) {
  struct nck_suppressions list = {0};
  struct nck_error error = {""};
  struct nck_report report;
  make_report(&report);
  CHECK(nck_suppressions_parse(&list, "a.supp", line, &error));
  nck_suppressions_apply(&list, &report, "2025-06-30");
  unsigned bits = 0;
  for (size_t i = 0; i < report.n_findings; i++)
    bits |= (unsigned)(report.findings[i]->state == NCK_FINDING_SUPPRESSED) << i;
  CHECK_UINT(report.n_suppressions, 1);
  CHECK(strstr(report.suppressions[0]->note, note) != NULL);
  CHECK_UINT(report.suppressions[0]->n_findings, (unsigned)__builtin_popcount(bits));
  nck_report_drop(&report);
  nck_suppressions_drop(&list);
  return bits;
}

static void test_application(void) {
  CHECK_UINT(apply("leaked-reference:Cache::put", ""), 1);
  CHECK_UINT(apply("leaked-reference:^Cache::put$", ""), 1);
  CHECK_UINT(apply("*:Cache::put", ""), 5);
  CHECK_UINT(apply("*:cache.cc", ""), 5);
  CHECK_UINT(apply("*:/src/", ""), 5);
  CHECK_UINT(apply("leaked-reference:addon.node", ""), 3);
  CHECK_UINT(apply("leaked-reference:pkg@1", ""), 3);
  CHECK_UINT(apply("*:addon.node+0x1234", ""), 2);
  CHECK_UINT(apply("*:index.js", ""), 2);
  CHECK_UINT(apply("*:^load$", ""), 2);
  CHECK_UINT(apply("*:nothing", ""), 0);
  CHECK_UINT(apply("stale-handle:*", ""), 4);
  CHECK_UINT(apply("*:* max=15", ""), 7);
  CHECK_UINT(apply("*:* max=14", "more than max=14"), 0);
  CHECK_UINT(apply("*:* expires=2025-06-30", ""), 7);
  CHECK_UINT(apply("*:* expires=2025-06-29", "expired"), 0);
}

int main(void) {
  test_patterns();
  test_lines();
  test_complaints();
  test_application();
  return CHECK_DONE();
}
