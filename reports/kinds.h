// kinds.h: the catalogue of findings and the other words of the contract, as tables.
//
// Words come from include/napicheck/findings.def and record.h's enums; nothing else spells them.
#ifndef NAPICHECK_REPORTS_KINDS_H
#define NAPICHECK_REPORTS_KINDS_H

#include <stddef.h>
#include <stdint.h>

#include "napicheck/record.h"

enum nck_finding_kind {
#define NCK_FINDING(id, word, severity, group, title, advice) NCK_FINDING_##id,
#include "napicheck/findings.def"
#undef NCK_FINDING
  NCK_N_FINDINGS
};

// One row of findings.def.
struct nck_kind {
  const char *word;
  enum nck_severity severity;
  const char *group;
  const char *title;
  const char *advice;
};

extern const struct nck_kind nck_kinds[NCK_N_FINDINGS];

// The kind with this word; -1 for none.
int nck_kind_find(const char *word);
// The word nearest to a misspelt one, for "did you mean"; NULL when nothing is near.
const char *nck_word_nearest(const char *word, const char *const *words, size_t n_words);

#define NCK_N_SEVERITIES 5 // index by enum nck_severity; 0 is unused
const char *nck_severity_word(enum nck_severity severity);
// 0 for no such word.
enum nck_severity nck_severity_find(const char *word);

const char *nck_role_word(enum nck_role role);
const char *nck_object_kind_key(enum nck_object_kind kind);    // of the JSON counters: async_work
const char *nck_object_kind_plural(enum nck_object_kind kind); // in sentences: "async works"
const char *nck_object_kind_singular(enum nck_object_kind kind);
const char *nck_finalizer_phase_word(unsigned phase);
const char *nck_finalizer_kind_word(unsigned kind);
const char *nck_value_type_word(unsigned value_type); // napi_valuetype + 1; NULL unknown
const char *nck_status_word(unsigned status);         // napi_status; NULL unknown

#endif
