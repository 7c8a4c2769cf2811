// say.h: one line on stderr, the only output of the library.
//
// A line is one write, so that lines of several threads and processes do not mix. Nothing is
// raised: no SIGPIPE where nobody reads stderr any more, no endless wait where it is full and not
// blocking. errno stays.
#ifndef NAPICHECK_SHIM_SAY_H
#define NAPICHECK_SHIM_SAY_H

#include <stddef.h>

// Writes "napicheck: ", the formatted text (cut after about 4000 bytes), and a newline. Any thread.
void nck_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Writes the text as it is: several lines, up to any length. Any thread.
void nck_say_raw(const char *text, size_t length);

#endif
