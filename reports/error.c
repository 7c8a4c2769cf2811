// error.c: one clear line about what went wrong, handed to the caller to print.
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

bool nck_error_set(struct nck_error *error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(error->text, sizeof error->text, format, args);
  va_end(args);
  // A file's name may hold anything; the line stays one line and says nothing to the terminal.
  for (char *c = error->text; *c; c++) {
    if ((unsigned char)*c < 0x20 || *c == 0x7f)
      *c = '?';
    // In UTF-8 these are controls, too.
    if ((unsigned char)c[0] == 0xc2 && (unsigned char)c[1] >= 0x80 && (unsigned char)c[1] < 0xa0)
      c[0] = c[1] = '?';
  }
  return false;
}

void nck_error_print(const struct nck_error *error) {
  fprintf(stderr, "napicheck: %s\n", error->text);
}
