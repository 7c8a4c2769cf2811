// suppress.c: suppression files.
#include "suppress.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "demangle.h"
#include "kinds.h"

#define LARGEST_FILE (16u << 20)

bool nck_suppress_match(const char *pattern, const char *text) {
  size_t length = strlen(pattern);
  bool at_start = length && pattern[0] == '^';
  if (at_start) {
    pattern++;
    length--;
  }
  bool at_end = length && pattern[length - 1] == '$';
  if (at_end)
    length--;
  // The usual glob walk: on a mismatch go back to the last star and let it take one character more.
  const char *star = at_start ? NULL : pattern, *resume = text;
  const char *p = pattern, *end = pattern + length;
  for (const char *t = text;;) {
    if (p < end && *p == '*') {
      star = ++p;
      resume = t;
    } else if (p == end && (!at_end || !*t)) {
      return true;
    } else if (p < end && *t && *p == *t) {
      p++;
      t++;
    } else if (star && *resume) {
      p = star;
      t = ++resume;
    } else {
      return false;
    }
  }
}

static bool fail_line(struct nck_error *error, const char *file, uint32_t line, const char *what) {
  if (!*error->text)
    nck_error_set(error, "%s:%u: %s", file, line, what);
  return false;
}

// Where the options of a line begin: the first blank that max=, expires= or reason= follows.
static char *find_settings(char *line) {
  static const char *const keys[] = {"max=", "expires=", "reason="};
  for (char *c = line; *c; c++) {
    for (size_t i = 0; isblank((unsigned char)*c) && i < 3; i++) {
      if (!strncmp(c + 1, keys[i], strlen(keys[i])))
        return c;
    }
  }
  return NULL;
}

static bool is_date(const char *text) {
  for (int i = 0; i < 10; i++) {
    if (i == 4 || i == 7 ? text[i] != '-' : !isdigit((unsigned char)text[i]))
      return false;
  }
  struct tm day = {.tm_year = atoi(text) - 1900,
                   .tm_mon = atoi(text + 5) - 1,
                   .tm_mday = atoi(text + 8),
                   .tm_hour = 12};
  const struct tm given = day;
  // The calendar puts a day that it does not have on another one.
  return !text[10] && timegm(&day) != -1 && day.tm_mon == given.tm_mon &&
         day.tm_mday == given.tm_mday;
}

static const char *parse_setting(struct nck_suppression *row, const char *key, const char *value) {
  if (!strcmp(key, "max")) {
    char *end;
    errno = 0;
    row->max = strtoull(value, &end, 10);
    row->limited = true;
    return !isdigit((unsigned char)*value) || *end || errno ? "max= takes a number" : NULL;
  }
  if (!strcmp(key, "expires")) {
    if (!is_date(value))
      return "expires= takes a date, YYYY-MM-DD";
    memcpy(row->expires, value, sizeof row->expires);
    return NULL;
  }
  if (!strcmp(key, "reason")) {
    free(row->reason);
    row->reason = nck_memory_text(value);
    return NULL;
  }
  return "unknown setting: max=, expires= and reason= are known";
}

// `max=3 reason="two words"`; NULL when all is well.
static const char *parse_settings(struct nck_suppression *row, char *at) {
  while (*at) {
    at += strspn(at, " \t");
    if (!*at)
      return NULL;
    char *equals = strchr(at, '=');
    if (!equals)
      return "what follows the pattern must be max=, expires= or reason=";
    *equals = '\0';
    char *value = equals + 1, *end;
    if (*value == '"') {
      value++;
      end = strchr(value, '"');
      if (!end)
        return "a quote does not end";
    } else {
      end = value + strcspn(value, " \t");
    }
    bool more = *end != '\0';
    *end = '\0';
    const char *wrong = parse_setting(row, at, value);
    if (wrong)
      return wrong;
    at = more ? end + 1 : end;
  }
  return NULL;
}

static void trim_end(char *text) {
  size_t length = strlen(text);
  while (length && isspace((unsigned char)text[length - 1]))
    text[--length] = '\0';
}

// A comment starts at the line's beginning or behind a blank: Rust's names hold `#` too.
static void cut_comment(char *line) {
  bool quoted = false;
  for (char *c = line; *c; c++) {
    if (*c == '"')
      quoted = !quoted;
    if (*c == '#' && !quoted && (c == line || isblank((unsigned char)c[-1]))) {
      *c = '\0';
      return;
    }
  }
}

static const char *parse_line(struct nck_suppression *row, char *line, struct nck_text *unknown) {
  char *settings = find_settings(line);
  if (settings)
    *settings++ = '\0';
  char *colon = strchr(line, ':');
  if (!colon)
    return "not a suppression: kind:pattern is expected";
  *colon = '\0';
  row->kind = strcmp(line, "*") ? nck_kind_find(line) : -1;
  if (row->kind < 0 && strcmp(line, "*") != 0) {
    const char *words[NCK_N_FINDINGS];
    for (int i = 0; i < NCK_N_FINDINGS; i++)
      words[i] = nck_kinds[i].word;
    const char *nearest = nck_word_nearest(line, words, NCK_N_FINDINGS);
    nck_text_add(unknown, "unknown kind `%s'", line);
    if (nearest)
      nck_text_add(unknown, "; did you mean `%s'?", nearest);
    return unknown->text;
  }
  char *pattern = colon + 1 + strspn(colon + 1, " \t");
  trim_end(pattern);
  if (!*pattern)
    return "the pattern is empty; * matches anything";
  row->pattern = nck_memory_text(pattern);
  return settings ? parse_settings(row, settings) : NULL;
}

static void drop_row(struct nck_suppression *row) {
  free(row->text);
  free(row->file);
  free(row->pattern);
  free(row->reason);
}

bool nck_suppressions_parse(struct nck_suppressions *suppressions, const char *file,
                            const char *text, struct nck_error *error) {
  bool good = true;
  uint32_t number = 0;
  for (const char *at = text; *at;) {
    const char *end = strchrnul(at, '\n');
    char *line = strndup(at, (size_t)(end - at));
    at = *end ? end + 1 : end;
    number++;
    cut_comment(line);
    trim_end(line);
    char *start = line + strspn(line, " \t");
    if (*start) {
      struct nck_suppression row = {.text = nck_memory_text(start),
                                    .file = nck_memory_text(file),
                                    .line = number,
                                    .kind = -1};
      struct nck_text unknown = {0};
      const char *wrong = parse_line(&row, start, &unknown);
      if (wrong) {
        good = fail_line(error, file, number, wrong);
        drop_row(&row);
      } else {
        suppressions->rows = nck_memory_grow(suppressions->rows, &suppressions->capacity,
                                             suppressions->n_rows + 1, sizeof row);
        suppressions->rows[suppressions->n_rows++] = row;
      }
      nck_text_drop(&unknown);
    }
    free(line);
  }
  return good;
}

bool nck_suppressions_load(struct nck_suppressions *suppressions, const char *path,
                           struct nck_error *error) {
  FILE *file = fopen(path, "re");
  if (!file)
    return nck_error_set(error, "cannot read suppressions from %s: %s", path, strerror(errno));
  struct nck_text text = {0};
  char block[65536];
  size_t n;
  nck_text_add_n(&text, "", 0);
  while ((n = fread(block, 1, sizeof block, file)) > 0 && text.length < LARGEST_FILE)
    nck_text_add_n(&text, block, n);
  bool good = !ferror(file);
  if (!good)
    nck_error_set(error, "cannot read suppressions from %s: %s", path, strerror(errno));
  else if (strlen(text.text) != text.length || text.length >= LARGEST_FILE)
    good = nck_error_set(error, "%s is not a suppression file", path);
  fclose(file);
  if (good)
    good = nck_suppressions_parse(suppressions, path, text.text, error);
  nck_text_drop(&text);
  return good;
}

static bool matches_module(const char *pattern, const struct nck_report_module *module,
                           struct nck_arena *arena) {
  if (!module)
    return false;
  if (nck_suppress_match(pattern, module->file) || nck_suppress_match(pattern, module->path))
    return true;
  if (!*module->package)
    return false;
  return nck_suppress_match(pattern, module->package) ||
         nck_suppress_match(pattern,
                            nck_arena_print(arena, "%s@%s", module->package, module->version));
}

static bool matches_frame(const char *pattern, const struct nck_report_frame *frame,
                          struct nck_arena *arena) {
  if (*frame->function && (nck_suppress_match(pattern, frame->function) ||
                           nck_suppress_match(pattern, nck_demangle_short(arena, frame->function))))
    return true;
  if (*frame->file &&
      (nck_suppress_match(pattern, frame->file) || nck_suppress_match(pattern, frame->path)))
    return true;
  if (!*frame->function && frame->module &&
      nck_suppress_match(pattern, nck_arena_print(arena, "%s+0x%llx", frame->module->file,
                                                  (unsigned long long)frame->offset)))
    return true;
  return matches_module(pattern, frame->module, arena);
}

static bool matches_finding(const struct nck_suppression *row,
                            const struct nck_report_finding *finding, struct nck_arena *arena) {
  if (row->kind >= 0 && row->kind != (int)finding->kind)
    return false;
  if (matches_module(row->pattern, finding->module, arena))
    return true;
  bool anything = false;
  for (uint32_t i = 0; i < finding->n_stacks; i++) {
    const struct nck_report_stack *stack = &finding->stacks[i];
    for (uint32_t f = 0; f < stack->n_frames; f++) {
      anything = true;
      if (matches_frame(row->pattern, &stack->frames[f], arena))
        return true;
    }
    for (uint32_t f = 0; f < stack->n_js; f++) {
      const struct nck_report_js_frame *frame = &stack->js[f];
      anything = true;
      if (nck_suppress_match(row->pattern, frame->path) ||
          nck_suppress_match(row->pattern, frame->file) ||
          (*frame->function && nck_suppress_match(row->pattern, frame->function)))
        return true;
    }
  }
  // A finding without any frame can still be meant by "anything".
  return !anything && !strcmp(row->pattern, "*");
}

static void apply_row(const struct nck_suppression *row, struct nck_report *report,
                      const char *today) {
  struct nck_arena scratch = {0};
  struct nck_report_suppression *listed = nck_report_add_suppression(report);
  listed->text = nck_arena_clean(&report->arena, row->text);
  listed->file = nck_arena_clean(&report->arena, row->file);
  listed->line = row->line;
  listed->note = "";
  if (*row->expires && strcmp(row->expires, today) < 0) {
    listed->note = nck_arena_print(&report->arena, "expired on %s", row->expires);
    return;
  }
  bool *matched = nck_memory_take(report->n_findings, sizeof *matched);
  uint64_t n_findings = 0, n_objects = 0, n_serious = 0;
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_report_finding *finding = report->findings[i];
    matched[i] = finding->state == NCK_FINDING_COUNTS && matches_finding(row, finding, &scratch);
    n_findings += matched[i];
    n_objects += matched[i] ? finding->count : 0;
    n_serious += matched[i] && finding->severity > NCK_SEVERITY_NOTE ? finding->count : 0;
  }
  // Beside a leak, max= means as many as the report says leaked, not what is held as well.
  uint64_t n_limited = n_serious ? n_serious : n_objects;
  if (row->limited && n_limited > row->max) {
    listed->note = nck_arena_print(&report->arena, "%llu are more than max=%llu: not applied",
                                   (unsigned long long)n_limited, (unsigned long long)row->max);
  } else {
    listed->n_findings = n_findings;
    listed->n_objects = n_objects;
    for (size_t i = 0; i < report->n_findings; i++) {
      if (matched[i]) {
        report->findings[i]->state = NCK_FINDING_SUPPRESSED;
        report->findings[i]->suppressed_by = listed->text;
      }
    }
  }
  free(matched);
  nck_arena_drop(&scratch);
}

void nck_suppressions_apply(const struct nck_suppressions *suppressions, struct nck_report *report,
                            const char *today) {
  for (size_t i = 0; i < suppressions->n_rows; i++)
    apply_row(&suppressions->rows[i], report, today);
}

void nck_suppressions_drop(struct nck_suppressions *suppressions) {
  for (size_t i = 0; i < suppressions->n_rows; i++)
    drop_row(&suppressions->rows[i]);
  free(suppressions->rows);
  *suppressions = (struct nck_suppressions){0};
}
