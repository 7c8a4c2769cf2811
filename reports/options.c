// options.c: the keys of NAPICHECK_OPTIONS, parsed and checked by one table
// (include/napicheck/options.def).
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "memory.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

const struct nck_option_row nck_option_rows[NCK_N_OPTIONS] = {
#define NCK_OPTION(name, type, initial, help)                                                      \
  [NCK_OPTION_##name] = {#name, NCK_OPTION_TYPE_##type, initial, help},
#include "napicheck/options.def"
#undef NCK_OPTION
};

// The words that a list or a choice takes. A list with `severities` or `kinds` takes those as well.
static const struct word_list {
  int key;
  bool severities, kinds, may_negate, may_have_file;
  const char *words[10];
} word_lists[] = {
    {NCK_OPTION_fail_on, true, true, false, false, {"none", NULL}},
    {NCK_OPTION_show, true, false, false, false, {"all", "none", NULL}},
    {NCK_OPTION_leak_check,
     false,
     false,
     false,
     false,
     {"lost", "growing", "held", "all", "none", NULL}},
    {NCK_OPTION_checks,
     false,
     false,
     true,
     false,
     {"all", "none", "references", "handles", "threads", "async", "finalizers", "exceptions",
      NULL}},
    {NCK_OPTION_format,
     false,
     false,
     false,
     true,
     {"text", "json", "sarif", "junit", "html", "github", "folded", NULL}},
    {NCK_OPTION_js_stacks, false, false, false, false, {"off", "findings", "all", NULL}},
    {NCK_OPTION_on_error, false, false, false, false, {"continue", "abort", "throw", NULL}},
    {NCK_OPTION_color, false, false, false, false, {"auto", "always", "never", NULL}},
    {NCK_OPTION_history, false, false, false, false, {"sites", "full", NULL}},
};

static const struct {
  int key, least, most;
} ranges[] = {
    {NCK_OPTION_exitcode, 0, 255},         {NCK_OPTION_stack_depth, 1, 64},
    {NCK_OPTION_handle_limit, 1, INT_MAX}, {NCK_OPTION_verbosity, 0, 9},
    {NCK_OPTION_timeout, 0, INT_MAX},
};

void nck_options_new(struct nck_options *options) {
  for (int i = 0; i < NCK_N_OPTIONS; i++) {
    options->values[i] = nck_memory_text(nck_option_rows[i].initial);
    options->given[i] = false;
  }
}

void nck_options_drop(struct nck_options *options) {
  for (int i = 0; i < NCK_N_OPTIONS; i++)
    free(options->values[i]);
  *options = (struct nck_options){0};
}

void nck_options_reset(struct nck_options *options, enum nck_option_key key) {
  free(options->values[key]);
  options->values[key] = nck_memory_text(nck_option_rows[key].initial);
  options->given[key] = false;
}

int nck_options_find(const char *name, size_t length) {
  for (int i = 0; i < NCK_N_OPTIONS; i++) {
    if (strlen(nck_option_rows[i].name) == length &&
        !strncmp(nck_option_rows[i].name, name, length))
      return i;
  }
  return -1;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static void trim(char *text) {
  size_t first = 0, length = strlen(text);
  while (is_blank(text[first]))
    first++;
  while (length > first && is_blank(text[length - 1]))
    length--;
  memmove(text, text + first, length - first);
  text[length - first] = '\0';
}

// Copies the part of `text` up to an unquoted character of `stops`, without its quotes; *at moves
// behind the stop. NULL: a quote does not end. Quotes count only where a value or an item begins,
// so that an apostrophe within a name is an apostrophe.
static char *take_part(const char **at, const char *stops, bool keep_quotes) {
  struct nck_text part = {0};
  const char *c = *at;
  bool begins = true;
  nck_text_add_n(&part, "", 0);
  while (*c && !strchr(stops, *c)) {
    if (begins && (*c == '"' || *c == '\'')) {
      const char *end = strchr(c + 1, *c);
      if (!end) {
        nck_text_drop(&part);
        return NULL;
      }
      if (keep_quotes)
        nck_text_add_n(&part, c, (size_t)(end + 1 - c));
      else
        nck_text_add_n(&part, c + 1, (size_t)(end - c - 1));
      c = end + 1;
      begins = false;
      continue;
    }
    begins = *c == '=' || *c == ',' || (begins && is_blank(*c));
    nck_text_add_n(&part, c, 1);
    c++;
  }
  *at = *c ? c + 1 : c;
  return part.text;
}

char *nck_options_item(const char **at) {
  while (**at) {
    char *item = take_part(at, ",", false);
    if (!item || *item)
      return item;
    free(item);
  }
  return NULL;
}

static const struct word_list *words_of(enum nck_option_key key) {
  for (size_t i = 0; i < COUNT(word_lists); i++) {
    if (word_lists[i].key == (int)key)
      return &word_lists[i];
  }
  return NULL;
}

static bool is_word_of(const struct word_list *list, const char *word) {
  if (list->may_negate && *word == '-')
    word++;
  if (list->severities && nck_severity_find(word))
    return true;
  if (list->kinds && nck_kind_find(word) >= 0)
    return true;
  for (size_t i = 0; list->words[i]; i++) {
    if (!strcmp(list->words[i], word))
      return true;
  }
  return false;
}

static bool complain_word(const char *name, const struct word_list *list, const char *word,
                          struct nck_error *error) {
  const char *words[16 + NCK_N_FINDINGS];
  size_t n = 0;
  for (size_t i = 0; list->words[i]; i++)
    words[n++] = list->words[i];
  for (unsigned i = 1; list->severities && i < NCK_N_SEVERITIES; i++)
    words[n++] = nck_severity_word((enum nck_severity)i);
  for (int i = 0; list->kinds && i < NCK_N_FINDINGS; i++)
    words[n++] = nck_kinds[i].word;
  const char *nearest = nck_word_nearest(word, words, n);
  if (nearest)
    return nck_error_set(error, "option %s: unknown value `%s'; did you mean `%s'?", name, word,
                         nearest);
  return nck_error_set(error, "option %s: unknown value `%s'", name, word);
}

static bool check_list(const char *name, const struct word_list *list, const char *value,
                       struct nck_error *error) {
  const char *at = value;
  while (*at) {
    char *item = take_part(&at, ",", false);
    if (!item)
      return nck_error_set(error, "option %s: a quote does not end", name);
    if (list->may_have_file) {
      char *file = strchr(item, '=');
      if (file && !file[1]) {
        bool result = nck_error_set(error, "option %s: `%s' names no file", name, item);
        free(item);
        return result;
      }
      if (file)
        *file = '\0';
    }
    bool known = !*item || is_word_of(list, item);
    if (!known)
      complain_word(name, list, item, error);
    free(item);
    if (!known)
      return false;
  }
  return true;
}

static bool check_int(enum nck_option_key key, const char *value, struct nck_error *error) {
  const char *name = nck_option_rows[key].name;
  char *end;
  errno = 0;
  long number = strtol(value, &end, 10);
  if (!*value || *end || errno)
    return nck_error_set(error, "option %s: `%s' is not a number", name, value);
  for (size_t i = 0; i < COUNT(ranges); i++) {
    if (ranges[i].key == (int)key && (number < ranges[i].least || number > ranges[i].most))
      return nck_error_set(error, "option %s: %ld is not in %d to %d", name, number,
                           ranges[i].least, ranges[i].most);
  }
  return true;
}

static int bool_of(const char *value) {
  static const char *const yes[] = {"1", "true", "yes", "on"};
  static const char *const no[] = {"0", "false", "no", "off"};
  for (size_t i = 0; i < COUNT(yes); i++) {
    if (!strcmp(value, yes[i]))
      return 1;
    if (!strcmp(value, no[i]))
      return 0;
  }
  return -1;
}

bool nck_options_set(struct nck_options *options, enum nck_option_key key, const char *value,
                     struct nck_error *error) {
  const char *name = nck_option_rows[key].name;
  const struct word_list *list = words_of(key);
  switch (nck_option_rows[key].type) {
  case NCK_OPTION_TYPE_INT:
    if (!check_int(key, value, error))
      return false;
    break;
  case NCK_OPTION_TYPE_BOOL:
    if (bool_of(value) < 0)
      return nck_error_set(error, "option %s: `%s' is neither 0 nor 1", name, value);
    break;
  case NCK_OPTION_TYPE_STRING:
  case NCK_OPTION_TYPE_FILES:
    break;
  default:
    if (list && !check_list(name, list, value, error))
      return false;
    if (nck_option_rows[key].type != NCK_OPTION_TYPE_LIST && (!*value || strchr(value, ',')))
      return nck_error_set(error, "option %s takes one word, not `%s'", name, value);
  }
  free(options->values[key]);
  options->values[key] = nck_memory_text(value);
  options->given[key] = true;
  return true;
}

static bool parse_one(struct nck_options *options, const char *part, struct nck_error *error) {
  const char *equals = strchr(part, '=');
  size_t length = equals ? (size_t)(equals - part) : strlen(part);
  while (length && is_blank(part[length - 1]))
    length--;
  int key = nck_options_find(part, length);
  if (key < 0) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(length < 60 ? length : 60), part);
    const char *names[NCK_N_OPTIONS];
    for (int i = 0; i < NCK_N_OPTIONS; i++)
      names[i] = nck_option_rows[i].name;
    const char *nearest = nck_word_nearest(name, names, NCK_N_OPTIONS);
    return nearest ? nck_error_set(error, "unknown option `%s'; did you mean `%s'?", name, nearest)
                   : nck_error_set(error, "unknown option `%s'", name);
  }
  if (!equals)
    return nck_error_set(error, "option %s needs a value: %s=...", nck_option_rows[key].name,
                         nck_option_rows[key].name);
  // A list's items are unquoted when they are read, other values now.
  bool list = nck_option_rows[key].type == NCK_OPTION_TYPE_LIST ||
              nck_option_rows[key].type == NCK_OPTION_TYPE_FILES;
  const char *at = equals + 1;
  while (is_blank(*at))
    at++;
  char *value = take_part(&at, "", list);
  bool result = nck_options_set(options, (enum nck_option_key)key, value ? value : "", error);
  free(value);
  return result;
}

bool nck_options_parse(struct nck_options *options, const char *text,
                       void (*complain)(const char *line, void *arg), void *arg) {
  bool clean = true;
  const char *at = text;
  while (*at) {
    struct nck_error error = {""};
    char *part = take_part(&at, ":\n", true);
    bool good = true;
    if (!part) {
      good = nck_error_set(&error, "a quote in the options does not end: %s", at);
      at += strlen(at);
    } else {
      trim(part);
      good = !*part || parse_one(options, part, &error);
    }
    free(part);
    if (!good && complain)
      complain(error.text, arg);
    clean &= good;
  }
  return clean;
}

// In quotes where a parser would part it. With both kinds of quotes in it only an unquoted one can
// be meant.
static void print_quoted(struct nck_text *text, const char *value, const char *parts) {
  size_t length = strlen(value);
  bool needs = strpbrk(value, parts) || strchr("'\"", *value) || is_blank(*value) ||
               (length && is_blank(value[length - 1]));
  const char *quote = !*value || !needs ? "" : strchr(value, '"') ? "'" : "\"";
  if (*quote == '\'' && strchr(value, '\''))
    quote = "";
  nck_text_add(text, "%s%s%s", quote, value, quote);
}

char *nck_options_print(const struct nck_options *options) {
  struct nck_text text = {0};
  nck_text_add_n(&text, "", 0);
  for (int i = 0; i < NCK_N_OPTIONS; i++) {
    if (!options->given[i])
      continue;
    const char *value = options->values[i];
    nck_text_add(&text, "%s%s=", text.length ? ":" : "", nck_option_rows[i].name);
    if (nck_option_rows[i].type == NCK_OPTION_TYPE_LIST ||
        nck_option_rows[i].type == NCK_OPTION_TYPE_FILES) {
      bool first = true;
      for (char *item; (item = nck_options_item(&value)); free(item)) {
        nck_text_add(&text, "%s", first ? "" : ",");
        print_quoted(&text, item, ":\n,");
        first = false;
      }
    } else {
      print_quoted(&text, value, ":\n");
    }
  }
  return text.text;
}

const char *nck_options_text(const struct nck_options *options, enum nck_option_key key) {
  return options->values[key];
}

int nck_options_int(const struct nck_options *options, enum nck_option_key key) {
  return (int)strtol(options->values[key], NULL, 10);
}

bool nck_options_bool(const struct nck_options *options, enum nck_option_key key) {
  return bool_of(options->values[key]) == 1;
}

bool nck_options_has(const struct nck_options *options, enum nck_option_key key, const char *word) {
  const char *at = options->values[key];
  char *item;
  bool found = false;
  while (!found && (item = nck_options_item(&at))) {
    found = !strcmp(item, word);
    free(item);
  }
  return found;
}

bool nck_options_check(const struct nck_options *options, const char *group) {
  // The first word says where to start from: "handles" from nothing, "-handles" from everything.
  const char *at = options->values[NCK_OPTION_checks];
  bool first = true, on = true;
  char *item;
  while ((item = nck_options_item(&at))) {
    const char *word = *item == '-' ? item + 1 : item;
    if (first && *item != '-')
      on = false;
    if (!strcmp(word, group) || !strcmp(word, "all"))
      on = *item != '-';
    else if (!strcmp(word, "none") && *item != '-')
      on = false;
    first = false;
    free(item);
  }
  return on;
}
