// shim_stack_addon.h: what shim_stack.c and its library share.
#ifndef NAPICHECK_TESTS_UNIT_SHIM_STACK_ADDON_H
#define NAPICHECK_TESTS_UNIT_SHIM_STACK_ADDON_H

// Plays a Node-API function: called by the addon, captures.
typedef int (*probe)(int argument);

struct shape {
  const char *name;
  int (*enter)(probe, int argument);
  int n_frames; // that must be seen, at least
};

// Ends with a NULL name.
typedef const struct shape *(*shapes)(void);

#endif
