// error.h: one clear line about what went wrong, handed to the caller to print.
#ifndef NAPICHECK_REPORTS_ERROR_H
#define NAPICHECK_REPORTS_ERROR_H

#include <stdbool.h>

struct nck_error {
  char text[512]; // "" for none
};

// Sets the text and returns false, so that a failing function can `return nck_error_set(error,
// ...)`.
bool nck_error_set(struct nck_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// "napicheck: TEXT" on stderr.
void nck_error_print(const struct nck_error *error);

#endif
