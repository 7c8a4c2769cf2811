// napicheck.h: what an addon, or a test of one, can say to napicheck, the memcheck for Node-API.
//
// Nothing has to be linked. In a process that runs under napicheck (LD_PRELOAD=libnapicheck.so, or
// `napicheck run`) these functions reach it; everywhere else they do nothing and cost one
// comparison, so the calls may stay in released code. They are for C and C++, may be called on any
// thread, with a JavaScript exception pending as well, and neither run JavaScript nor call Node-API
// themselves. None of them fails: what makes no sense is ignored.
//
// With systems other than Linux and compilers other than GCC and clang everything here is empty.
#ifndef NAPICHECK_NAPICHECK_H
#define NAPICHECK_NAPICHECK_H

#define NAPICHECK_VERSION_MAJOR 0
#define NAPICHECK_VERSION_MINOR 1
#define NAPICHECK_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

// The functions are inline and call the library's function of the same name where there is one. For
// the assembler they have names of their own (napicheck_x_or_nothing): a compiler that does not
// inline them would else define the library's names in your addon. The library itself defines
// NAPICHECK_IMPLEMENTATION and gets plain declarations.
#if defined(__GNUC__)
#define NAPICHECK_VISIBLE __attribute__((visibility("default")))
#else
#define NAPICHECK_VISIBLE
#endif
#if defined(NAPICHECK_IMPLEMENTATION)
#define NAPICHECK_DECLARE(type, name, parameters) NAPICHECK_VISIBLE type name parameters
#elif defined(__linux__) && defined(__GNUC__)
#define NAPICHECK_DECLARE(type, name, parameters)                                                  \
  extern __attribute__((weak, visibility("default"))) type name##_there parameters __asm__(#name); \
  static inline __attribute__((unused)) type name parameters __asm__(#name "_or_nothing")
#define NAPICHECK_CALL(name, arguments) (name##_there ? name##_there arguments : 0)
#define NAPICHECK_CALL_VOID(name, arguments) (name##_there ? name##_there arguments : (void)0)
#else
#define NAPICHECK_DECLARE(type, name, parameters) static inline type name parameters
#define NAPICHECK_CALL(name, arguments) (0)
#define NAPICHECK_CALL_VOID(name, arguments) ((void)0)
#endif

// 1 when napicheck watches this process, 0 when it is absent, or has had to stop watching (no room
// for its record).
NAPICHECK_DECLARE(int, napicheck_is_active, (void));

// Sets a mark: from here on `napicheck_leak_check` can ask what has been made since. The label
// stands in what that says; it is copied, and NULL is allowed. Returns the mark's number, 1 or
// more; 0 when napicheck is absent.
NAPICHECK_DECLARE(unsigned, napicheck_checkpoint, (const char *label));

// Looks now, not only at the end: returns how many findings that count for the exit status
// (fail_on=) there are among what was made or happened after the mark; 0 stands for the start of
// the process. What it finds is said on stderr, the process goes on, and what is still there at the
// end is reported again then. Call it on the thread of the env in question, with everything
// released that is meant to be released: a reference whose token still stands on the stack is held,
// not lost. It takes some tens of milliseconds for 100 MB of memory.
NAPICHECK_DECLARE(int, napicheck_leak_check, (unsigned checkpoint));

// Between these two, on this thread, nothing that is made counts as a leak: for what the addon
// keeps for ever on purpose. They nest. Errors (use after delete and the like) are reported all the
// same.
NAPICHECK_DECLARE(void, napicheck_disable, (void));
NAPICHECK_DECLARE(void, napicheck_enable, (void));

// This one never counts as a leak. `handle` is a napi_ref, napi_deferred, napi_async_work,
// napi_threadsafe_function or napi_async_context that Node-API gave you and that is still valid.
NAPICHECK_DECLARE(void, napicheck_ignore, (const void *handle));

// Gives a handle (as for napicheck_ignore) a name of yours, which stands in the findings about it;
// where one finding is about many handles, the names of all of them. The text is copied; a later
// name replaces it, NULL takes it away.
NAPICHECK_DECLARE(void, napicheck_label, (const void *handle, const char *text));

// These two are yours to define, in the addon or in the program, where you want them; napicheck
// calls them when it sees the addon. The first returns options like those of NAPICHECK_OPTIONS,
// which come second to the user's own; the second returns suppressions, one a line, as in a
// suppression file. The strings must stay. They must be visible:
//   const char *napicheck_default_options(void) { return "leak_check=all"; }
NAPICHECK_VISIBLE const char *napicheck_default_options(void);
NAPICHECK_VISIBLE const char *napicheck_default_suppressions(void);

#if !defined(NAPICHECK_IMPLEMENTATION)
static inline int napicheck_is_active(void) { return NAPICHECK_CALL(napicheck_is_active, ()); }
static inline unsigned napicheck_checkpoint(const char *label) {
  (void)label;
  return NAPICHECK_CALL(napicheck_checkpoint, (label));
}
static inline int napicheck_leak_check(unsigned checkpoint) {
  (void)checkpoint;
  return NAPICHECK_CALL(napicheck_leak_check, (checkpoint));
}
static inline void napicheck_disable(void) { NAPICHECK_CALL_VOID(napicheck_disable, ()); }
static inline void napicheck_enable(void) { NAPICHECK_CALL_VOID(napicheck_enable, ()); }
static inline void napicheck_ignore(const void *handle) {
  (void)handle;
  NAPICHECK_CALL_VOID(napicheck_ignore, (handle));
}
static inline void napicheck_label(const void *handle, const char *text) {
  (void)handle;
  (void)text;
  NAPICHECK_CALL_VOID(napicheck_label, (handle, text));
}
#undef NAPICHECK_CALL
#undef NAPICHECK_CALL_VOID
#endif
#undef NAPICHECK_DECLARE

#ifdef __cplusplus
}
#endif

#endif
