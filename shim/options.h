// options.h: NAPICHECK_OPTIONS, read once in the library's constructor, without allocating.
//
// An unknown key or a bad value is said once on stderr with the nearest valid key, and the default stays.
#ifndef NAPICHECK_SHIM_OPTIONS_H
#define NAPICHECK_SHIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

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

// What the shim itself needs; the reader parses the rest from the effective string.
struct nck_options {
  uint32_t checks; // enum nck_check
  uint32_t stack_depth;
  uint32_t handle_limit;
  int32_t verbosity;
  enum nck_js_stacks js_stacks;
  enum nck_on_error on_error;
  bool trace_children;
  bool history_full;
  bool loss;
  bool help;
  bool leak_check; // anything other than none
  const char *record;   // "" or a path, expanded by the recorder
  const char *log_path; // "" or a path
  const char *modules;  // "" or globs separated by ','
  const char *effective; // the whole string as given (environment over napicheck_default_options), for the record
};

// Read-only after nck_options_read.
extern struct nck_options nck_options;

// Parses `defaults` (from napicheck_default_options; may be NULL), then `text` (the environment variable; may be NULL). Complaints go to
// stderr, one line each, only when `complain`.
void nck_options_read(const char *defaults, const char *text, bool complain);

// Prints all keys with their present values and their help on stderr (help=1).
void nck_options_print(void);

// True when the module's file name or path matches modules= (or modules= is empty).
bool nck_options_want_module(const char *path);

#endif
