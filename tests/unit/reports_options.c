// reports_options.c: one parser for NAPICHECK_OPTIONS and the long options.
#include "check.h"
#include "options.h"

static char complaint[512];
static unsigned n_complaints;

static void note(const char *line, void *arg) {
  (void)arg;
  snprintf(complaint, sizeof complaint, "%s", line);
  n_complaints++;
}

static struct nck_options options;

static bool parse(const char *text) {
  nck_options_drop(&options);
  nck_options_new(&options);
  n_complaints = 0;
  complaint[0] = '\0';
  return nck_options_parse(&options, text, note, NULL);
}

#define TEXT(key) nck_options_text(&options, NCK_OPTION_##key)

static void test_values(void) {
  CHECK(parse(""));
  CHECK_UINT(nck_options_int(&options, NCK_OPTION_exitcode), 23);
  CHECK(!options.given[NCK_OPTION_exitcode]);
  CHECK(parse("exitcode=0:show=all:keep_record=1"));
  CHECK_UINT(nck_options_int(&options, NCK_OPTION_exitcode), 0);
  CHECK(options.given[NCK_OPTION_exitcode]);
  CHECK(nck_options_bool(&options, NCK_OPTION_keep_record));
  CHECK(nck_options_has(&options, NCK_OPTION_show, "all"));
  CHECK(!nck_options_has(&options, NCK_OPTION_show, "al"));
  // The last one counts; empty parts do not matter.
  CHECK(parse("::exitcode=1::exitcode=2:"));
  CHECK_UINT(nck_options_int(&options, NCK_OPTION_exitcode), 2);
  CHECK(parse("format=text,json=out.json,html=a b.html:verbosity=2"));
  CHECK(!strcmp(TEXT(format), "text,json=out.json,html=a b.html"));
  CHECK(parse("fail_on=error,stale-handle"));
  CHECK(nck_options_has(&options, NCK_OPTION_fail_on, "stale-handle"));
}

static void test_quotes(void) {
  CHECK(parse("log_path=\"/a:b/log\":exitcode=1"));
  CHECK(!strcmp(TEXT(log_path), "/a:b/log"));
  CHECK_UINT(nck_options_int(&options, NCK_OPTION_exitcode), 1);
  CHECK(parse("log_path='/a:b \"c\"'"));
  CHECK(!strcmp(TEXT(log_path), "/a:b \"c\""));
  CHECK(parse("log_path=it's"));
  CHECK(!strcmp(TEXT(log_path), "it's"));
  CHECK(parse("format=text,json=\"a:b,c.json\""));
  const char *at = TEXT(format);
  char *item = nck_options_item(&at);
  CHECK(!strcmp(item, "text"));
  free(item);
  item = nck_options_item(&at);
  CHECK(!strcmp(item, "json=a:b,c.json"));
  free(item);
  CHECK(!nck_options_item(&at));
  CHECK(parse("suppressions=a.supp,'b:c.supp'"));
  at = TEXT(suppressions);
  free(nck_options_item(&at));
  item = nck_options_item(&at);
  CHECK(!strcmp(item, "b:c.supp"));
  free(item);
}

static void test_print(void) {
  CHECK(parse("log_path=\"/a:b\":format=json=\"x:y\":exitcode=5"));
  char *text = nck_options_print(&options);
  CHECK(parse(text));
  free(text);
  CHECK(!strcmp(TEXT(log_path), "/a:b"));
  const char *at = TEXT(format);
  char *item = nck_options_item(&at);
  CHECK(!strcmp(item, "json=x:y") && !*at);
  free(item);
  CHECK_UINT(nck_options_int(&options, NCK_OPTION_exitcode), 5);
  CHECK(!options.given[NCK_OPTION_show]);
}

// As they come from a command line: without quotes, whatever stands in them.
static void test_print_given(void) {
  static const char *const names[] = {"a:b", "a\nb", " a ", "\"a", "'a:b'", "a\"b:c"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct nck_error error = {""};
    CHECK(parse(""));
    CHECK(nck_options_set(&options, NCK_OPTION_log_path, names[i], &error));
    char *text = nck_options_print(&options);
    CHECK(parse(text));
    CHECK(!strcmp(TEXT(log_path), names[i]));
    free(text);
  }
  struct nck_error error = {""};
  CHECK(parse(""));
  CHECK(nck_options_set(&options, NCK_OPTION_format, "text,json=a:b,html='c,d'", &error));
  CHECK(nck_options_set(&options, NCK_OPTION_suppressions, "e:f.supp,g\nh", &error));
  char *text = nck_options_print(&options);
  CHECK(parse(text));
  free(text);
  static const char *const items[] = {"text", "json=a:b", "html=c,d", "e:f.supp", "g\nh"};
  const char *at = TEXT(format);
  for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
    if (i == 3)
      at = TEXT(suppressions);
    char *item = nck_options_item(&at);
    CHECK(item && !strcmp(item, items[i]));
    free(item);
  }
}

// A block of YAML, say.
static void test_lines(void) {
  CHECK(parse("exitcode=7\n  log_path = 'a:b' \n\n format=text,json=x\t:verbosity=1\r\n"));
  CHECK_UINT(nck_options_int(&options, NCK_OPTION_exitcode), 7);
  CHECK_UINT(nck_options_int(&options, NCK_OPTION_verbosity), 1);
  CHECK(!strcmp(TEXT(log_path), "a:b"));
  CHECK(!strcmp(TEXT(format), "text,json=x"));
}

#define COMPLAINS(text, word)                                                                      \
  do {                                                                                             \
    CHECK(!parse(text));                                                                           \
    CHECK_UINT(n_complaints, 1);                                                                   \
    CHECK(strstr(complaint, word) != NULL);                                                        \
    if (!strstr(complaint, word))                                                                  \
      fprintf(stderr, "  %s\n", complaint);                                                        \
  } while (0)

static void test_complaints(void) {
  COMPLAINS("exitcod=0", "did you mean `exitcode'?");
  COMPLAINS("zzzzzzzzzz=0", "unknown option `zzzzzzzzzz'");
  COMPLAINS("exitcode", "needs a value");
  COMPLAINS("exitcode=", "not a number");
  COMPLAINS("exitcode=2x", "not a number");
  COMPLAINS("exitcode=256", "0 to 255");
  COMPLAINS("stack_depth=0", "1 to 64");
  COMPLAINS("keep_record=maybe", "neither 0 nor 1");
  COMPLAINS("show=eror", "did you mean `error'?");
  COMPLAINS("fail_on=stale-handel", "did you mean `stale-handle'?");
  COMPLAINS("format=jsn=x", "did you mean `json'?");
  COMPLAINS("format=json=", "names no file");
  COMPLAINS("on_error=throw,abort", "one word");
  COMPLAINS("color=", "one word");
  COMPLAINS("log_path=\"abc", "quote");
  // A bad one leaves the default and does not take the others with it.
  CHECK(!parse("exitcode=x:verbosity=1"));
  CHECK_UINT(nck_options_int(&options, NCK_OPTION_exitcode), 23);
  CHECK_UINT(nck_options_int(&options, NCK_OPTION_verbosity), 1);
}

static void test_checks(void) {
  CHECK(parse(""));
  CHECK(nck_options_check(&options, "handles"));
  CHECK(parse("checks=-handles"));
  CHECK(!nck_options_check(&options, "handles"));
  CHECK(nck_options_check(&options, "references"));
  CHECK(parse("checks=all,-handles,-async"));
  CHECK(!nck_options_check(&options, "async"));
  CHECK(nck_options_check(&options, "references"));
  CHECK(parse("checks=references,threads"));
  CHECK(!nck_options_check(&options, "handles"));
  CHECK(nck_options_check(&options, "threads"));
  CHECK(parse("checks=none"));
  CHECK(!nck_options_check(&options, "threads"));
}

int main(void) {
  nck_options_new(&options);
  test_values();
  test_quotes();
  test_print();
  test_print_given();
  test_lines();
  test_complaints();
  test_checks();
  nck_options_drop(&options);
  return CHECK_DONE();
}
