// options.c: NAPICHECK_OPTIONS, read once in the library's constructor, without allocating.
#include "options.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "say.h"

enum option_type {
  INT,
  BOOL,
  STRING,
  LIST,
  FILES,
  CHOICE_JS_STACKS,
  CHOICE_ON_ERROR,
  CHOICE_COLOR,
  CHOICE_HISTORY
};

struct option_row {
  const char *name;
  enum option_type type;
  const char *standard;
  const char *help;
};

static const struct option_row rows[NCK_N_OPTIONS] = {
#define NCK_OPTION(name, type, standard, help) {#name, type, standard, help},
#include "napicheck/options.def"
#undef NCK_OPTION
};

static const char *const js_stacks_words[] = {"off", "findings", "all", NULL};
static const char *const on_error_words[] = {"continue", "abort", "throw", NULL};
static const char *const color_words[] = {"auto", "always", "never", NULL};
static const char *const history_words[] = {"sites", "full", NULL};
static const char *const bool_words[] = {"0", "1", "no", "yes", "off", "on", "false", "true", NULL};

// Words that a list may hold. The kinds of findings follow the severities: `fail_on` may name a
// kind.
static const char *const show_words[] = {"error", "leak", "warning", "note", "all", "none", NULL};
static const char *const fail_on_words[] = {"error", "leak", "warning", "note",
#define NCK_FINDING(id, word, severity, group, title, advice) word,
#include "napicheck/findings.def"
#undef NCK_FINDING
                                            NULL};
static const char *const leak_check_words[] = {"lost", "growing", "held", "all", "none", NULL};
static const char *const checks_words[] = {
    "all", "none", "references", "handles", "threads", "async", "finalizers", "exceptions", NULL};
static const char *const format_words[] = {"text", "json",   "sarif",  "junit",
                                           "html", "github", "folded", NULL};

struct nck_options nck_options;

// Values are copied here, and the effective string is made here: the environment may change under
// us.
#define POOL_BYTES 16384
static char pool[POOL_BYTES];
static size_t pool_used;
static char effective[POOL_BYTES + NCK_N_OPTIONS * 24];
static const char *values[NCK_N_OPTIONS];
static bool is_set[NCK_N_OPTIONS];

const char *nck_options_text(enum nck_option option) {
  const char *value = values[option];
  return value != NULL ? value : rows[option].standard;
}

uint32_t nck_options_distance(const char *left, const char *right) {
  enum { LONGEST = 40 };
  size_t n_left = strnlen(left, LONGEST), n_right = strnlen(right, LONGEST);
  uint32_t line[3][LONGEST + 1];
  for (size_t j = 0; j <= n_right; j++)
    line[0][j] = (uint32_t)j;
  for (size_t i = 1; i <= n_left; i++) {
    uint32_t *now = line[i % 3], *before = line[(i + 2) % 3], *twice_before = line[(i + 1) % 3];
    now[0] = (uint32_t)i;
    for (size_t j = 1; j <= n_right; j++) {
      uint32_t best = before[j - 1] + (left[i - 1] != right[j - 1]);
      if (before[j] + 1 < best)
        best = before[j] + 1;
      if (now[j - 1] + 1 < best)
        best = now[j - 1] + 1;
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] &&
          twice_before[j - 2] + 1 < best)
        best = twice_before[j - 2] + 1;
      now[j] = best;
    }
  }
  return line[n_left % 3][n_right];
}

static const char *nearest_word(const char *word, const char *const *words) {
  const char *best = words[0];
  uint32_t best_distance = UINT32_MAX;
  for (; *words != NULL; words++) {
    uint32_t distance = nck_options_distance(word, *words);
    if (distance < best_distance) {
      best_distance = distance;
      best = *words;
    }
  }
  return best;
}

static const char *nearest_key(const char *key) {
  const char *names[NCK_N_OPTIONS + 1];
  for (int i = 0; i < NCK_N_OPTIONS; i++)
    names[i] = rows[i].name;
  names[NCK_N_OPTIONS] = NULL;
  return nearest_word(key, names);
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Length of the text up to a character of `stops` that stands outside quotes; -1 when a quote is
// never closed. A quote counts only where a value or an item of a list begins, so that an
// apostrophe within a name is an apostrophe.
static ssize_t measure_part(const char *text, const char *stops) {
  const char *at = text;
  bool begins = true;
  while (*at != '\0' && strchr(stops, *at) == NULL) {
    if (begins && (*at == '"' || *at == '\'')) {
      const char *end = strchr(at + 1, *at);
      if (end == NULL)
        return -1;
      at = end + 1;
      begins = false;
      continue;
    }
    begins = *at == '=' || *at == ',';
    at++;
  }
  return at - text;
}

// Copies a part without its quotes; `to` has room for all of it and a NUL. Returns its length.
static size_t unquote(char *to, const char *part, size_t length) {
  size_t used = 0;
  bool begins = true;
  for (size_t i = 0; i < length; i++) {
    if (begins && (part[i] == '"' || part[i] == '\'')) {
      char quote = part[i++];
      while (i < length && part[i] != quote)
        to[used++] = part[i++];
      begins = false;
      continue;
    }
    begins = part[i] == '=' || part[i] == ',';
    to[used++] = part[i];
  }
  to[used] = '\0';
  return used;
}

#define ITEM_BYTES 4096

bool nck_options_item(const char **at, char *item, size_t size) {
  while (**at != '\0') {
    ssize_t length = measure_part(*at, ",");
    if (length < 0) // cannot be: values with such a quote were refused
      length = (ssize_t)strlen(*at);
    const char *part = *at;
    *at += length;
    *at += **at == ',';
    if (length > 0 && (size_t)length < size) {
      unquote(item, part, (size_t)length);
      return true;
    }
  }
  return false;
}

static int find_word(const char *word, size_t length, const char *const *words) {
  for (int i = 0; words[i] != NULL; i++)
    if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0)
      return i;
  return -1;
}

static void int_range(enum nck_option option, long *low, long *high) {
  *low = 0;
  *high = INT_MAX;
  switch (option) {
  case NCK_OPTION_exitcode:
    *high = 255;
    break;
  case NCK_OPTION_stack_depth:
    *low = 1;
    *high = 64;
    break;
  case NCK_OPTION_handle_limit:
    *low = 1;
    break;
  case NCK_OPTION_verbosity:
    *high = 9;
    break;
  default:
    break;
  }
}

static bool parse_int(enum nck_option option, const char *value, long *number) {
  long low, high;
  int_range(option, &low, &high);
  char *end;
  errno = 0;
  *number = strtol(value, &end, 10);
  return end != value && *end == '\0' && errno == 0 && *number >= low && *number <= high;
}

static const char *const *list_words(enum nck_option option) {
  switch (option) {
  case NCK_OPTION_fail_on:
    return fail_on_words;
  case NCK_OPTION_show:
    return show_words;
  case NCK_OPTION_leak_check:
    return leak_check_words;
  case NCK_OPTION_checks:
    return checks_words;
  case NCK_OPTION_format:
    return format_words;
  default:
    return NULL; // any words
  }
}

static const char *const *choice_words(enum option_type type) {
  switch (type) {
  case BOOL:
    return bool_words;
  case CHOICE_JS_STACKS:
    return js_stacks_words;
  case CHOICE_ON_ERROR:
    return on_error_words;
  case CHOICE_COLOR:
    return color_words;
  case CHOICE_HISTORY:
    return history_words;
  default:
    return NULL;
  }
}

// True when the value is good for the option; else, where `complain`, says why not.
static bool is_good(enum nck_option option, const char *value, bool complain) {
  const struct option_row *row = &rows[option];
  const char *const *words = choice_words(row->type);
  const char *kept = nck_options_text(option);
  if (words != NULL) {
    if (find_word(value, strlen(value), words) >= 0)
      return true;
    if (complain && row->type == BOOL)
      nck_say("NAPICHECK_OPTIONS: %s=%s: expected 0 or 1; it stays %s", row->name, value, kept);
    else if (complain)
      nck_say("NAPICHECK_OPTIONS: %s=%s: no such choice, did you mean %s? It stays %s", row->name,
              value, nearest_word(value, words), kept);
    return false;
  }
  if (row->type == INT) {
    long number, low, high;
    if (parse_int(option, value, &number))
      return true;
    int_range(option, &low, &high);
    if (complain && high == INT_MAX)
      nck_say("NAPICHECK_OPTIONS: %s=%s: expected a number of at least %ld; it stays %s", row->name,
              value, low, kept);
    else if (complain)
      nck_say("NAPICHECK_OPTIONS: %s=%s: expected a number from %ld to %ld; it stays %s", row->name,
              value, low, high, kept);
    return false;
  }
  words = row->type == LIST ? list_words(option) : NULL;
  if (words == NULL)
    return true;
  char item[ITEM_BYTES];
  for (const char *at = value; nck_options_item(&at, item, sizeof item);) {
    const char *word = item;
    if (option == NCK_OPTION_checks && *word == '-')
      word++;
    char *file = option == NCK_OPTION_format ? strchr(item, '=') : NULL;
    if (file != NULL)
      *file = '\0';
    if (file != NULL && file[1] == '\0') {
      if (complain)
        nck_say("NAPICHECK_OPTIONS: %s=%s: \"%s=\" names no file; it stays %s", row->name, value,
                item, kept);
      return false;
    }
    if (find_word(word, strlen(word), words) < 0) {
      if (complain)
        nck_say("NAPICHECK_OPTIONS: %s=%s: unknown \"%s\", did you mean %s? It stays %s", row->name,
                value, word, nearest_word(word, words), kept);
      return false;
    }
  }
  return true;
}

static void set_pair(const char *key, size_t key_length, const char *value, size_t value_length,
                     bool complain) {
  char name[48];
  snprintf(name, sizeof name, "%.*s", (int)(key_length < 47 ? key_length : 47), key);
  int option = -1;
  for (int i = 0; i < NCK_N_OPTIONS && option < 0; i++)
    if (strlen(rows[i].name) == key_length && memcmp(rows[i].name, key, key_length) == 0)
      option = i;
  if (option < 0) {
    if (complain)
      nck_say("NAPICHECK_OPTIONS: unknown key \"%s\", did you mean %s? (help=1 prints all keys)",
              name, nearest_key(name));
    return;
  }
  if (value == NULL) {
    if (complain)
      nck_say("NAPICHECK_OPTIONS: %s has no value; it stays %s%s", name, name,
              *nck_options_text((enum nck_option)option) != '\0' ? "" : " unset");
    return;
  }
  if (value_length + 1 > POOL_BYTES - pool_used) {
    if (complain)
      nck_say("NAPICHECK_OPTIONS: %s: the value is too long (%zu bytes); it is ignored", name,
              value_length);
    return;
  }
  char *copy = pool + pool_used;
  // A list's items are unquoted when they are read, other values now.
  if (rows[option].type == LIST || rows[option].type == FILES) {
    memcpy(copy, value, value_length);
    copy[value_length] = '\0';
  } else {
    value_length = unquote(copy, value, value_length);
  }
  if (!is_good((enum nck_option)option, copy, complain))
    return; // the copy is overwritten by the next
  pool_used += value_length + 1;
  values[option] = copy;
  is_set[option] = true;
}

static const char separators[] = ":\n";

static void parse(const char *text, bool complain) {
  while (*text != '\0') {
    if (strchr(separators, *text) != NULL || is_blank(*text)) {
      text++;
      continue;
    }
    const char *key = text;
    text += strcspn(text, "=:\n");
    size_t key_length = (size_t)(text - key);
    while (key_length > 0 && is_blank(key[key_length - 1]))
      key_length--;
    if (*text != '=') {
      set_pair(key, key_length, NULL, 0, complain);
      continue;
    }
    text++;
    while (is_blank(*text))
      text++;
    ssize_t length = measure_part(text, separators);
    if (length < 0) {
      if (complain)
        nck_say(
            "NAPICHECK_OPTIONS: %.*s: a quote is never closed; this and what follows is ignored",
            (int)(key_length < 47 ? key_length : 47), key);
      return;
    }
    const char *value = text;
    text += length;
    while (length > 0 && is_blank(value[length - 1]))
      length--;
    set_pair(key, key_length, value, (size_t)length, complain);
  }
}

static bool read_bool(enum nck_option option) {
  return find_word(nck_options_text(option), strlen(nck_options_text(option)), bool_words) % 2 == 1;
}

static int read_choice(enum nck_option option) {
  const char *value = nck_options_text(option);
  return find_word(value, strlen(value), choice_words(rows[option].type));
}

static long read_int(enum nck_option option) {
  long number = 0;
  return parse_int(option, nck_options_text(option), &number) ? number : 0;
}

// The first word says where to start from: "handles" from nothing, "-handles" from everything.
static uint32_t read_checks(void) {
  const char *at = nck_options_text(NCK_OPTION_checks);
  char item[ITEM_BYTES];
  uint32_t checks = NCK_CHECK_all;
  bool first = true;
  while (nck_options_item(&at, item, sizeof item)) {
    bool out = *item == '-';
    int word = find_word(item + out, strlen(item + out), checks_words);
    uint32_t bits = word == 0 ? NCK_CHECK_all : word > 1 ? 1u << (word - 2) : 0;
    if (first && !out)
      checks = 0;
    if (out)
      checks &= ~bits;
    else if (word == 1)
      checks = 0;
    else
      checks |= bits;
    first = false;
  }
  return checks;
}

// Leaks are looked for unless `none` is among the words.
static bool read_leak_check(void) {
  const char *at = nck_options_text(NCK_OPTION_leak_check);
  char item[ITEM_BYTES];
  bool any = false;
  while (nck_options_item(&at, item, sizeof item)) {
    if (strcmp(item, "none") == 0)
      return false;
    any = true;
  }
  return any;
}

static void make_effective(void) {
  size_t used = 0;
  for (int i = 0; i < NCK_N_OPTIONS; i++) {
    if (!is_set[i])
      continue;
    const char *value = values[i];
    size_t length = strlen(value);
    // A list keeps its items' own quotes; another value gets them where it needs them.
    bool is_list = rows[i].type == LIST || rows[i].type == FILES;
    bool needs = strpbrk(value, ":\n'\"") != NULL || is_blank(*value) ||
                 (length > 0 && is_blank(value[length - 1]));
    const char *quote = is_list || !needs ? "" : strchr(value, '"') == NULL ? "\"" : "'";
    if (*quote == '\'' && strchr(value, '\'') != NULL)
      quote = ""; // with both kinds in it only an unquoted one can be meant
    int n = snprintf(effective + used, sizeof effective - used, "%s%s=%s%s%s", used > 0 ? ":" : "",
                     rows[i].name, quote, value, quote);
    if (n < 0 || (size_t)n >= sizeof effective - used) {
      effective[used] = '\0';
      break;
    }
    used += (size_t)n;
  }
}

void nck_options_read(const char *defaults, const char *text, bool complain) {
  int saved = errno;
  pool_used = 0;
  effective[0] = '\0';
  memset(values, 0, sizeof values);
  memset(is_set, 0, sizeof is_set);
  if (defaults != NULL)
    parse(defaults, complain);
  if (text != NULL)
    parse(text, complain);
  make_effective();
  nck_options = (struct nck_options){
      .checks = read_checks(),
      .stack_depth = (uint32_t)read_int(NCK_OPTION_stack_depth),
      .handle_limit = (uint32_t)read_int(NCK_OPTION_handle_limit),
      .verbosity = (int32_t)read_int(NCK_OPTION_verbosity),
      .exitcode = (int32_t)read_int(NCK_OPTION_exitcode),
      .js_stacks = (enum nck_js_stacks)read_choice(NCK_OPTION_js_stacks),
      .on_error = (enum nck_on_error)read_choice(NCK_OPTION_on_error),
      .trace_children = read_bool(NCK_OPTION_trace_children),
      .history_full = read_choice(NCK_OPTION_history) == 1,
      .loss = read_bool(NCK_OPTION_loss),
      .help = read_bool(NCK_OPTION_help),
      .leak_check = read_leak_check(),
      .record = nck_options_text(NCK_OPTION_record),
      .log_path = nck_options_text(NCK_OPTION_log_path),
      .modules = nck_options_text(NCK_OPTION_modules),
      .effective = effective,
  };
  errno = saved;
}

void nck_options_print(void) {
  nck_say(
      "NAPICHECK_OPTIONS holds key=value pairs separated by ':'; a value with a ':' in it stands "
      "in quotes. Keys, with their present values:");
  for (int i = 0; i < NCK_N_OPTIONS; i++) {
    char line[2048];
    const char *value = nck_options_text((enum nck_option)i);
    int n = snprintf(line, sizeof line, "  %s=%.1000s%s\n      %s\n", rows[i].name, value,
                     is_set[i] ? "  (set)" : "", rows[i].help);
    if (n > 0)
      nck_say_raw(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
  }
}

static bool matches_modules(const char *one, const char *other) {
  int saved = errno;
  const char *item = nck_options.modules;
  bool wanted = false;
  char glob[ITEM_BYTES];
  while (!wanted && nck_options_item(&item, glob, sizeof glob))
    wanted = fnmatch(glob, one, 0) == 0 || fnmatch(glob, other, 0) == 0;
  errno = saved;
  return wanted;
}

bool nck_options_want_module(const char *path) {
  if (nck_options.modules == NULL || *nck_options.modules == '\0')
    return true;
  const char *slash = strrchr(path, '/');
  return matches_modules(slash != NULL ? slash + 1 : path, path);
}

bool nck_options_want_package(const char *name, const char *version) {
  char both[ITEM_BYTES];
  int n = snprintf(both, sizeof both, "%s@%s", name, version);
  return matches_modules(name, n > 0 && (size_t)n < sizeof both ? both : name);
}
