// options.h: NAPICHECK_OPTIONS, read once in the library's constructor, without allocating.
//
// `key=value` separated by ':' or a newline. Where a value or an item of a list begins with ' or ",
// it goes to the next of the same kind: that is how a file name holds a ':' or a ','. An unknown
// key or a bad value is said once on stderr with the nearest valid one, and the default stays.
#ifndef NAPICHECK_SHIM_OPTIONS_H
#define NAPICHECK_SHIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hidden.h"

enum nck_js_stacks { NCK_JS_STACKS_OFF, NCK_JS_STACKS_FINDINGS, NCK_JS_STACKS_ALL };
enum nck_on_error { NCK_ON_ERROR_CONTINUE, NCK_ON_ERROR_ABORT, NCK_ON_ERROR_THROW };

enum nck_check {
  NCK_CHECK_references = 1,
  NCK_CHECK_handles = 2,
  NCK_CHECK_threads = 4,
  NCK_CHECK_async = 8,
  NCK_CHECK_finalizers = 16,
  NCK_CHECK_exceptions = 32,
  NCK_CHECK_all = 63
};

// The keys of options.def.
enum nck_option {
#define NCK_OPTION(name, type, standard, help) NCK_OPTION_##name,
#include "napicheck/options.def"
#undef NCK_OPTION
  NCK_N_OPTIONS
};

// What the shim itself needs; the reader parses the rest from the effective string.
struct nck_options {
  uint32_t checks; // enum nck_check
  uint32_t stack_depth;
  uint32_t handle_limit;
  int32_t verbosity;
  int32_t exitcode;
  enum nck_js_stacks js_stacks;
  enum nck_on_error on_error;
  bool trace_children;
  bool history_full;
  bool loss;
  bool help;
  bool leak_check;       // anything other than none
  const char *record;    // "" or a path, expanded by the recorder
  const char *log_path;  // "" or a path
  const char *modules;   // "" or globs separated by ','
  const char *effective; // what was set, valid keys and values only, in the same syntax: for the
                         // record and its reader
};

// Read-only after nck_options_read.
extern struct nck_options nck_options NCK_HIDDEN_DATA;

// Parses `defaults` (from napicheck_default_options; may be NULL), then `text` (the environment
// variable; may be NULL). Complaints go to stderr, one line each, only when `complain`. A second
// call starts anew.
void nck_options_read(const char *defaults, const char *text, bool complain);

// The value of an option as text: what was given, else the default. Never NULL.
const char *nck_options_text(enum nck_option option);

// Takes the next item of a list without its quotes; *at moves on. False at the end. Items that do
// not fit are left out.
bool nck_options_item(const char **at, char *item, size_t size);

// Prints all keys with their present values and their help on stderr (help=1).
void nck_options_print(void);

// True when the module's file name or path matches modules= (or modules= is empty).
bool nck_options_want_module(const char *path);

// True when a package's name, or name@version, matches modules=.
bool nck_options_want_package(const char *name, const char *version);

// The distance between two words in insertions, deletions, replacements and swaps of neighbours;
// words longer than 40 bytes are cut. For "did you mean".
uint32_t nck_options_distance(const char *left, const char *right);

#endif
