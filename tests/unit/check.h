// check.h: what a unit test needs to say that something is not as it should be. A test is a
// program: it exits with 1 when a check failed.
#ifndef NAPICHECK_TESTS_UNIT_CHECK_H
#define NAPICHECK_TESTS_UNIT_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int n_failed_checks;
static int n_checks;

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    __atomic_fetch_add(&n_checks, 1, __ATOMIC_RELAXED);                                            \
    if (!(condition)) {                                                                            \
      __atomic_fetch_add(&n_failed_checks, 1, __ATOMIC_RELAXED);                                   \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                      \
    }                                                                                              \
  } while (0)

#define CHECK_UINT(actual, expected)                                                               \
  do {                                                                                             \
    unsigned long long is_ = (unsigned long long)(actual), want_ = (unsigned long long)(expected); \
    __atomic_fetch_add(&n_checks, 1, __ATOMIC_RELAXED);                                            \
    if (is_ != want_) {                                                                            \
      __atomic_fetch_add(&n_failed_checks, 1, __ATOMIC_RELAXED);                                   \
      fprintf(stderr, "%s:%d: %s is %llu (0x%llx), not %llu (0x%llx)\n", __FILE__, __LINE__,       \
              #actual, is_, is_, want_, want_);                                                    \
    }                                                                                              \
  } while (0)

// The end of main: a test without checks is a failure as well.
#define CHECK_DONE()                                                                               \
  (n_checks == 0 || n_failed_checks > 0                                                            \
       ? (fprintf(stderr, "%d of %d checks failed\n", n_failed_checks, n_checks), 1)               \
       : 0)

#endif
