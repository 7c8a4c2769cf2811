// options.h: the keys of NAPICHECK_OPTIONS, parsed and checked by one table
// (include/napicheck/options.def).
//
// A value is kept as text and read by the type that it was checked against, so reading cannot fail.
#ifndef NAPICHECK_REPORTS_OPTIONS_H
#define NAPICHECK_REPORTS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum nck_option_key {
#define NCK_OPTION(name, type, initial, help) NCK_OPTION_##name,
#include "napicheck/options.def"
#undef NCK_OPTION
  NCK_N_OPTIONS
};

enum nck_option_type {
  NCK_OPTION_TYPE_INT,
  NCK_OPTION_TYPE_BOOL,
  NCK_OPTION_TYPE_STRING,
  NCK_OPTION_TYPE_LIST,
  NCK_OPTION_TYPE_FILES,
  NCK_OPTION_TYPE_CHOICE_JS_STACKS,
  NCK_OPTION_TYPE_CHOICE_ON_ERROR,
  NCK_OPTION_TYPE_CHOICE_COLOR,
  NCK_OPTION_TYPE_CHOICE_HISTORY
};

struct nck_option_row {
  const char *name;
  enum nck_option_type type;
  const char *initial, *help;
};
extern const struct nck_option_row nck_option_rows[NCK_N_OPTIONS];

struct nck_options {
  char *values[NCK_N_OPTIONS]; // owned
  bool given[NCK_N_OPTIONS];   // set by somebody, not the default
};

void nck_options_new(struct nck_options *options); // the defaults
void nck_options_drop(struct nck_options *options);

// -1 for no such key.
int nck_options_find(const char *name, size_t length);
// False with one line, and the old value stays.
bool nck_options_set(struct nck_options *options, enum nck_option_key key, const char *value,
                     struct nck_error *error);
// Back to the default.
void nck_options_reset(struct nck_options *options, enum nck_option_key key);

// Parses `key=value:key=value`; a line's end parts as well, and blanks around a key or a value do
// not count. A value (or an item of a list) that holds ':' or ',' stands in double or single
// quotes. Each complaint goes to `complain` (may be NULL) and the parser goes on. True when there
// was none.
bool nck_options_parse(struct nck_options *options, const char *text,
                       void (*complain)(const char *line, void *arg), void *arg);

// What was given, as a string that nck_options_parse reads back. The caller frees.
char *nck_options_print(const struct nck_options *options);

const char *nck_options_text(const struct nck_options *options, enum nck_option_key key);
int nck_options_int(const struct nck_options *options, enum nck_option_key key);
bool nck_options_bool(const struct nck_options *options, enum nck_option_key key);
// True when a LIST holds the word.
bool nck_options_has(const struct nck_options *options, enum nck_option_key key, const char *word);
// The next item of a LIST or FILES; the caller frees. NULL at the end. Start with *at =
// nck_options_text().
char *nck_options_item(const char **at);
// True when a group of findings is switched on by checks=.
bool nck_options_check(const struct nck_options *options, const char *group);

#endif
