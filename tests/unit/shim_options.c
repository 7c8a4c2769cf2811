// shim_options.c: NAPICHECK_OPTIONS: good and bad keys, values, lists, quotes; what is said about
// bad ones; what the record gets.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "options.h"

static char said[16384]; // what the last read_options wrote on stderr

static void read_options(const char *defaults, const char *text, bool complain) {
  int file = memfd_create("stderr", MFD_CLOEXEC), before = dup(STDERR_FILENO);
  dup2(file, STDERR_FILENO);
  errno = 4711;
  nck_options_read(defaults, text, complain);
  bool kept = errno == 4711;
  dup2(before, STDERR_FILENO);
  close(before);
  ssize_t n = pread(file, said, sizeof said - 1, 0);
  said[n > 0 ? n : 0] = '\0';
  close(file);
  CHECK(kept);
}

static unsigned count_lines(const char *text) {
  unsigned n = 0;
  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}

static bool is_text(enum nck_option option, const char *expected) {
  return strcmp(nck_options_text(option), expected) == 0;
}

static void test_defaults(void) {
  read_options(NULL, NULL, true);
  CHECK(said[0] == '\0');
  CHECK_UINT(nck_options.checks, NCK_CHECK_all);
  CHECK_UINT(nck_options.stack_depth, 24);
  CHECK_UINT(nck_options.handle_limit, 100000);
  CHECK_UINT(nck_options.exitcode, 23);
  CHECK_UINT(nck_options.js_stacks, NCK_JS_STACKS_FINDINGS);
  CHECK_UINT(nck_options.on_error, NCK_ON_ERROR_CONTINUE);
  CHECK(nck_options.trace_children && nck_options.leak_check);
  CHECK(!nck_options.help && nck_options.loss && !nck_options.history_full);
  CHECK(strcmp(nck_options.record, "") == 0 && strcmp(nck_options.effective, "") == 0);
  CHECK(is_text(NCK_OPTION_show, "error,leak,warning"));
}

static void test_values(void) {
  read_options(NULL,
               "stack_depth=5:verbosity=2:js_stacks=all:on_error=abort:trace_children=no:history="
               "full:loss=off:help=1:handle_limit=7:exitcode=0:record=/x/%p",
               true);
  CHECK(said[0] == '\0');
  CHECK_UINT(nck_options.stack_depth, 5);
  CHECK_UINT(nck_options.verbosity, 2);
  CHECK_UINT(nck_options.handle_limit, 7);
  CHECK_UINT(nck_options.exitcode, 0);
  CHECK_UINT(nck_options.js_stacks, NCK_JS_STACKS_ALL);
  CHECK_UINT(nck_options.on_error, NCK_ON_ERROR_ABORT);
  CHECK(!nck_options.trace_children && nck_options.history_full && !nck_options.loss);
  CHECK(nck_options.help);
  CHECK(strcmp(nck_options.record, "/x/%p") == 0);
  // Nothing of one reading is left in the next.
  read_options(NULL, "", true);
  CHECK_UINT(nck_options.stack_depth, 24);
  CHECK(strcmp(nck_options.record, "") == 0);
}

static void test_defaults_of_the_program(void) {
  read_options("stack_depth=5:verbosity=1", "stack_depth=6", true);
  CHECK_UINT(nck_options.stack_depth, 6);
  CHECK_UINT(nck_options.verbosity, 1);
  CHECK(strcmp(nck_options.effective, "stack_depth=6:verbosity=1") == 0);
  // A quote that the program forgot to close does not swallow the user's options.
  read_options("record=\"x", "stack_depth=6", true);
  CHECK_UINT(nck_options.stack_depth, 6);
  CHECK_UINT(count_lines(said), 1);
}

static void test_unknown_keys(void) {
  static const struct {
    const char *key, *nearest;
  } pairs[] = {{"exit_code", "exitcode"},       {"verbosty", "verbosity"},
               {"supressions", "suppressions"}, {"leakcheck", "leak_check"},
               {"jsstacks", "js_stacks"},       {"recrod", "record"},
               {"log-path", "log_path"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char text[64], expected[64];
    snprintf(text, sizeof text, "%s=1:stack_depth=3", pairs[i].key);
    snprintf(expected, sizeof expected, "did you mean %s?", pairs[i].nearest);
    read_options(NULL, text, true);
    CHECK(strstr(said, pairs[i].key) != NULL);
    CHECK(strstr(said, expected) != NULL);
    CHECK_UINT(count_lines(said), 1);
    CHECK_UINT(nck_options.stack_depth, 3);
    CHECK(strcmp(nck_options.effective, "stack_depth=3") == 0);
  }
  read_options(NULL, "EXITCODE=1:=5:noequals", true);
  CHECK_UINT(count_lines(said), 3);
  read_options(NULL, "verbosty=1", false);
  CHECK(said[0] == '\0');
}

static void test_bad_values(void) {
  static const char *const bad[] = {"stack_depth=0",
                                    "stack_depth=65",
                                    "stack_depth=",
                                    "stack_depth=5x",
                                    "exitcode=256",
                                    "exitcode=-1",
                                    "handle_limit=0",
                                    "verbosity=99999999999999999999",
                                    "help=2",
                                    "trace_children=maybe",
                                    "js_stacks=some",
                                    "on_error=explode",
                                    "color=green",
                                    "history=",
                                    "fail_on=eror",
                                    "show=leaks",
                                    "leak_check=lots",
                                    "checks=handle",
                                    "checks=references,-xyz",
                                    "format=jsn",
                                    "format=json=",
                                    "exitcode"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    read_options(NULL, bad[i], true);
    CHECK_UINT(count_lines(said), 1);
    char key[32];
    snprintf(key, sizeof key, "%.*s", (int)strcspn(bad[i], "="), bad[i]);
    CHECK(strstr(said, key) != NULL);
    CHECK(strcmp(nck_options.effective, "") == 0);
    CHECK_UINT(nck_options.stack_depth, 24);
    CHECK_UINT(nck_options.checks, NCK_CHECK_all);
  }
  read_options(NULL, "on_error=abrt", true);
  CHECK(strstr(said, "did you mean abort?") != NULL);
  read_options(NULL, "checks=handels", true);
  CHECK(strstr(said, "did you mean handles?") != NULL);
  read_options(NULL, "fail_on=error,stale-handel", true);
  CHECK(strstr(said, "did you mean stale-handle?") != NULL);
}

static void test_lists(void) {
  read_options(NULL, "checks=references,async", true);
  CHECK_UINT(nck_options.checks, NCK_CHECK_references | NCK_CHECK_async);
  read_options(NULL, "checks=-handles,-threads", true);
  CHECK_UINT(nck_options.checks, NCK_CHECK_all & ~(NCK_CHECK_handles | NCK_CHECK_threads));
  read_options(NULL, "checks=all,-exceptions", true);
  CHECK_UINT(nck_options.checks, NCK_CHECK_all & ~NCK_CHECK_exceptions);
  read_options(NULL, "checks=none", true);
  CHECK_UINT(nck_options.checks, 0);
  read_options(NULL, "leak_check=none", true);
  CHECK(!nck_options.leak_check);
  read_options(NULL, "leak_check=all", true);
  CHECK(nck_options.leak_check);
  read_options(NULL, "fail_on=error,stale-handle,:format=text,json=a b.json:show=note", true);
  CHECK(said[0] == '\0');
  CHECK(is_text(NCK_OPTION_format, "text,json=a b.json"));
}

static void test_quotes(void) {
  read_options(NULL, "record=\"/a:b\":log_path='c:d \"e\"':stack_depth=9", true);
  CHECK(said[0] == '\0');
  CHECK(strcmp(nck_options.record, "/a:b") == 0);
  CHECK(strcmp(nck_options.log_path, "c:d \"e\"") == 0);
  CHECK_UINT(nck_options.stack_depth, 9);
  // What the record gets reads back as the same.
  char effective[256];
  snprintf(effective, sizeof effective, "%s", nck_options.effective);
  read_options(NULL, effective, true);
  CHECK(said[0] == '\0');
  CHECK(strcmp(nck_options.record, "/a:b") == 0);
  CHECK(strcmp(nck_options.log_path, "c:d \"e\"") == 0);
  CHECK(strcmp(nck_options.effective, effective) == 0);
  // An apostrophe within a name is one; items of a list may be quoted each.
  read_options(NULL, "log_path=it's:format=json=\"a:b,c.json\",text", true);
  CHECK(said[0] == '\0');
  CHECK(strcmp(nck_options.log_path, "it's") == 0);
  const char *at = nck_options_text(NCK_OPTION_format);
  char item[64];
  CHECK(nck_options_item(&at, item, sizeof item) && strcmp(item, "json=a:b,c.json") == 0);
  CHECK(nck_options_item(&at, item, sizeof item) && strcmp(item, "text") == 0);
  CHECK(!nck_options_item(&at, item, sizeof item));
  snprintf(effective, sizeof effective, "%s", nck_options.effective);
  read_options(NULL, effective, true);
  CHECK(strcmp(nck_options.effective, effective) == 0);
  read_options(NULL, "stack_depth=3:record=\"x:stack_depth=4", true);
  CHECK_UINT(count_lines(said), 1);
  CHECK_UINT(nck_options.stack_depth, 3);
  // Blanks and empty pairs.
  read_options(NULL, " : stack_depth = 4 ::\nverbosity=1:", true);
  CHECK(said[0] == '\0');
  CHECK_UINT(nck_options.stack_depth, 4);
  CHECK_UINT(nck_options.verbosity, 1);
}

static void test_too_long(void) {
  char *text = malloc(100000);
  memset(text, 'x', 100000);
  memcpy(text, "record=", 7);
  memcpy(text + 99980, ":stack_depth=3", 15);
  read_options(NULL, text, true);
  CHECK_UINT(count_lines(said), 1);
  CHECK(strcmp(nck_options.record, "") == 0);
  CHECK_UINT(nck_options.stack_depth, 3);
  free(text);
}

static void test_modules(void) {
  read_options(NULL, "", true);
  CHECK(nck_options_want_module("/x/a.node"));
  read_options(NULL, "modules=a.node,*/pkg/*,\"with,comma*\"", true);
  CHECK(nck_options_want_module("/x/a.node"));
  CHECK(nck_options_want_module("/x/node_modules/pkg/build/b.node"));
  CHECK(nck_options_want_module("/x/with,comma.node"));
  CHECK(!nck_options_want_module("/x/b.node"));
  CHECK(!nck_options_want_module("/x/with.node"));
  read_options(NULL, "modules=@scope/*,exact,at@1.*", true);
  CHECK(nck_options_want_package("@scope/addon", "1.0.0"));
  CHECK(nck_options_want_package("exact", ""));
  CHECK(nck_options_want_package("at", "1.2.3"));
  CHECK(!nck_options_want_package("at", "2.0.0"));
  CHECK(!nck_options_want_package("inexact", "1.0.0"));
}

static void test_distance(void) {
  CHECK_UINT(nck_options_distance("", ""), 0);
  CHECK_UINT(nck_options_distance("abc", ""), 3);
  CHECK_UINT(nck_options_distance("record", "recrod"), 1);
  CHECK_UINT(nck_options_distance("kitten", "sitting"), 3);
  CHECK_UINT(nck_options_distance("leak_check", "leakcheck"), 1);
}

int main(void) {
  test_defaults();
  test_values();
  test_defaults_of_the_program();
  test_unknown_keys();
  test_bad_values();
  test_lists();
  test_quotes();
  test_too_long();
  test_modules();
  test_distance();
  return CHECK_DONE();
}
