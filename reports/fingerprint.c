// fingerprint.c: a finding's identity over rebuilds, folders and machines, and its suppression
// line.
#include "fingerprint.h"

#include <string.h>

#include "demangle.h"

// FNV-1a: the same on every machine and in every version.
static uint64_t hash_text(uint64_t hash, const char *text) {
  for (const unsigned char *c = (const unsigned char *)text;; c++) {
    hash = (hash ^ *c) * 0x100000001b3ull;
    if (!*c)
      return hash;
  }
}

// The name of a call site: a symbol, else module+offset, else the JavaScript function that called
// in.
static const char *site_name(struct nck_arena *arena, const struct nck_report_finding *finding) {
  for (uint32_t i = 0; i < finding->n_stacks; i++) {
    const struct nck_report_stack *stack = &finding->stacks[i];
    const struct nck_report_frame *frame = nck_report_stack_site(stack);
    if (frame && *frame->function)
      return nck_demangle_short(arena, frame->function);
    if (frame && frame->module)
      return nck_arena_print(arena, "%s+0x%llx", frame->module->file,
                             (unsigned long long)frame->offset);
    if (stack->n_js)
      return *stack->js[0].function ? stack->js[0].function : stack->js[0].file;
  }
  return "";
}

void nck_fingerprint_set(struct nck_arena *arena, struct nck_report_finding *finding) {
  const char *word = nck_kinds[finding->kind].word;
  const char *module = finding->module ? finding->module->file : "";
  const char *site = site_name(arena, finding);
  uint64_t hash = 0xcbf29ce484222325ull;
  hash = hash_text(hash, word);
  hash = hash_text(hash, module);
  hash = hash_text(hash, site);
  finding->fingerprint = nck_arena_print(arena, "%016llx", (unsigned long long)hash);
  const char *pattern = *site ? site : module;
  // An offset is a number: +0x1000 must not suppress +0x10000 as well. A name may end in what marks
  // an end.
  size_t length = strlen(pattern);
  bool offset = strstr(site, "+0x") != NULL || (length && pattern[length - 1] == '$');
  finding->suppression =
      nck_arena_print(arena, "%s:%s%s", word, *pattern ? pattern : "*", offset ? "$" : "");
}
