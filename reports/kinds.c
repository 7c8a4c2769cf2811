// kinds.c: the catalogue of findings and the other words of the contract, as tables.
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

const struct nck_kind nck_kinds[NCK_N_FINDINGS] = {
#define NCK_FINDING(id, word, severity, group, title, advice)                                      \
  [NCK_FINDING_##id] = {word, NCK_SEVERITY_##severity, #group, title, advice},
#include "napicheck/findings.def"
#undef NCK_FINDING
};

int nck_kind_find(const char *word) {
  for (int i = 0; i < NCK_N_FINDINGS; i++) {
    if (!strcmp(nck_kinds[i].word, word))
      return i;
  }
  return -1;
}

// Levenshtein distance, for words of at most 63 characters.
static size_t distance(const char *from, const char *to) {
  size_t n = strlen(to), row[64];
  if (n >= COUNT(row) || strlen(from) >= COUNT(row))
    return SIZE_MAX;
  for (size_t j = 0; j <= n; j++)
    row[j] = j;
  for (size_t i = 1; from[i - 1]; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n; j++) {
      size_t substitute = diagonal + (from[i - 1] != to[j - 1]);
      size_t insert = row[j - 1] + 1, omit = row[j] + 1;
      diagonal = row[j];
      row[j] = substitute < insert ? substitute : insert;
      row[j] = row[j] < omit ? row[j] : omit;
    }
  }
  return row[n];
}

const char *nck_word_nearest(const char *word, const char *const *words, size_t n_words) {
  const char *nearest = NULL;
  size_t least = strlen(word) / 2 + 1;
  for (size_t i = 0; i < n_words; i++) {
    size_t far = distance(word, words[i]);
    if (far < least) {
      least = far;
      nearest = words[i];
    }
  }
  return nearest;
}

static const char *const severity_words[NCK_N_SEVERITIES] = {
    "", "note", "warning", "leak", "error",
};

const char *nck_severity_word(enum nck_severity severity) {
  return severity_words[severity < NCK_N_SEVERITIES ? severity : 0];
}

enum nck_severity nck_severity_find(const char *word) {
  for (unsigned i = 1; i < NCK_N_SEVERITIES; i++) {
    if (!strcmp(severity_words[i], word))
      return (enum nck_severity)i;
  }
  return 0;
}

static const char *const role_words[NCK_N_ROLES] = {
    [NCK_ROLE_NONE] = "at",           [NCK_ROLE_CREATED] = "created",
    [NCK_ROLE_DELETED] = "deleted",   [NCK_ROLE_USED] = "used",
    [NCK_ROLE_OPENED] = "opened",     [NCK_ROLE_CLOSED] = "closed",
    [NCK_ROLE_QUEUED] = "queued",     [NCK_ROLE_BIRTH] = "birth",
    [NCK_ROLE_CALLBACK] = "callback", [NCK_ROLE_RELEASED] = "released",
    [NCK_ROLE_FAILED] = "failed",     [NCK_ROLE_OWNER] = "owner",
    [NCK_ROLE_FIRST] = "first",       [NCK_ROLE_LOST] = "lost",
};

const char *nck_role_word(enum nck_role role) {
  return role_words[role < NCK_N_ROLES ? role : NCK_ROLE_NONE];
}

static const struct {
  const char *key, *singular, *plural;
} object_kinds[NCK_N_KINDS] = {
    [NCK_KIND_NONE] = {"none", "object", "objects"},
    [NCK_KIND_REFERENCE] = {"reference", "reference", "references"},
    [NCK_KIND_ASYNC_WORK] = {"async_work", "async work", "async works"},
    [NCK_KIND_THREADSAFE_FUNCTION] = {"threadsafe_function", "threadsafe function",
                                      "threadsafe functions"},
    [NCK_KIND_DEFERRED] = {"deferred", "deferred", "deferreds"},
    [NCK_KIND_HANDLE_SCOPE] = {"handle_scope", "handle scope", "handle scopes"},
    [NCK_KIND_HANDLE] = {"handle", "handle", "handles"},
    [NCK_KIND_WRAP] = {"wrap", "wrap", "wraps"},
    [NCK_KIND_EXTERNAL] = {"external", "external", "externals"},
    [NCK_KIND_ASYNC_CONTEXT] = {"async_context", "async context", "async contexts"},
    [NCK_KIND_CLEANUP_HOOK] = {"cleanup_hook", "cleanup hook", "cleanup hooks"},
    [NCK_KIND_CALLBACK] = {"callback", "callback", "callbacks"},
    [NCK_KIND_CALLBACK_SCOPE] = {"callback_scope", "callback scope", "callback scopes"},
    [NCK_KIND_INSTANCE_DATA] = {"instance_data", "instance data", "instance data"},
};

static unsigned known_kind(enum nck_object_kind kind) {
  return kind < NCK_N_KINDS ? kind : NCK_KIND_NONE;
}

const char *nck_object_kind_key(enum nck_object_kind kind) {
  return object_kinds[known_kind(kind)].key;
}

const char *nck_object_kind_singular(enum nck_object_kind kind) {
  return object_kinds[known_kind(kind)].singular;
}

const char *nck_object_kind_plural(enum nck_object_kind kind) {
  return object_kinds[known_kind(kind)].plural;
}

static const char *const phase_words[] = {
    [NCK_PHASE_GC] = "gc",
    [NCK_PHASE_DEFERRED] =
        "gc", // in a turn of the event loop after it; a flag of its own in the JSON
    [NCK_PHASE_CLEANUP_HOOK] = "cleanup-hook",
    [NCK_PHASE_TEARDOWN] = "teardown",
};

const char *nck_finalizer_phase_word(unsigned phase) {
  return phase < COUNT(phase_words) && phase_words[phase] ? phase_words[phase] : "gc";
}

static const char *const finalizer_words[] = {
    [NCK_FINALIZER_WRAP] = "wrap",
    [NCK_FINALIZER_EXTERNAL] = "external",
    [NCK_FINALIZER_BUFFER] = "buffer",
    [NCK_FINALIZER_ADD] = "add_finalizer",
    [NCK_FINALIZER_INSTANCE_DATA] = "instance-data",
    [NCK_FINALIZER_THREADSAFE_FUNCTION] = "threadsafe-function",
    [NCK_FINALIZER_HOOK] = "hook",
    [NCK_FINALIZER_ASYNC_HOOK] = "async-hook",
    [NCK_FINALIZER_STRING] = "string",
    [NCK_FINALIZER_POSTED] = "posted",
    [NCK_FINALIZER_ARRAYBUFFER] = "arraybuffer",
};

const char *nck_finalizer_kind_word(unsigned kind) {
  return kind < COUNT(finalizer_words) && finalizer_words[kind] ? finalizer_words[kind] : "other";
}

static const char *const value_type_words[] = {
    NULL,
    "undefined",
    "null",
    "boolean",
    "number",
    "string",
    "symbol",
    "object",
    "function",
    "external",
    "bigint",
    [NCK_VALUE_ARRAYBUFFER] = "ArrayBuffer",
    [NCK_VALUE_VIEW] = "typed array",
    [NCK_VALUE_DATAVIEW] = "DataView",
    [NCK_VALUE_ARRAY] = "array",
    [NCK_VALUE_PROMISE] = "promise",
    [NCK_VALUE_DATE] = "date",
    [NCK_VALUE_ERROR] = "error",
};

const char *nck_value_type_word(unsigned value_type) {
  return value_type < COUNT(value_type_words) ? value_type_words[value_type] : NULL;
}

static const char *const status_words[] = {
    "napi_ok",
    "napi_invalid_arg",
    "napi_object_expected",
    "napi_string_expected",
    "napi_name_expected",
    "napi_function_expected",
    "napi_number_expected",
    "napi_boolean_expected",
    "napi_array_expected",
    "napi_generic_failure",
    "napi_pending_exception",
    "napi_cancelled",
    "napi_escape_called_twice",
    "napi_handle_scope_mismatch",
    "napi_callback_scope_mismatch",
    "napi_queue_full",
    "napi_closing",
    "napi_bigint_expected",
    "napi_date_expected",
    "napi_arraybuffer_expected",
    "napi_detachable_arraybuffer_expected",
    "napi_would_deadlock",
    "napi_no_external_buffers_allowed",
    "napi_cannot_run_js",
};

const char *nck_status_word(unsigned status) {
  return status < COUNT(status_words) ? status_words[status] : NULL;
}
