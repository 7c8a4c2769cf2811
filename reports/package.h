// package.h: the npm package that a file belongs to.
#ifndef NAPICHECK_REPORTS_PACKAGE_H
#define NAPICHECK_REPORTS_PACKAGE_H

#include "memory.h"

// Name and version of the nearest package.json above `path` that has a name; "" for none. Clean, on
// the arena.
void nck_package_find(struct nck_arena *arena, const char *path, const char **name,
                      const char **version);

#endif
