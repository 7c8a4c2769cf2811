// pages.c: docs/findings/KIND.md for each kind, as it is, in the tool's read-only data. The
// assembler reads the files, so a kind without a page does not build.
#include "pages.h"

#define NCK_FINDING(id, word, severity, group, title, advice)                                      \
  __asm__(".pushsection .rodata\n"                                                                 \
          "nck_page_" #id ": .incbin \"" NAPICHECK_PAGES "/" word ".md\"\n"                        \
          ".byte 0\n"                                                                              \
          ".popsection");                                                                          \
  extern const char nck_page_##id[] __attribute__((visibility("hidden")));
#include "napicheck/findings.def"
#undef NCK_FINDING

const char *const nck_pages[NCK_N_FINDINGS] = {
#define NCK_FINDING(id, word, severity, group, title, advice) [NCK_FINDING_##id] = nck_page_##id,
#include "napicheck/findings.def"
#undef NCK_FINDING
};
