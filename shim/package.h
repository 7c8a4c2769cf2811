// package.h: the npm package that a file belongs to, for modules=.
#ifndef NAPICHECK_SHIM_PACKAGE_H
#define NAPICHECK_SHIM_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>

// Name and version in the nearest package.json above `path` that has a name, as the reader finds
// them; false when there is none. A version that is not there is "". Keeps errno.
bool nck_package_find(const char *path, char *name, char *version, size_t size);

// The text value of a key of a JSON document's outermost object. False when the key is not there,
// its value is no text, holds an escape, or does not fit.
bool nck_package_value(const char *json, size_t bytes, const char *key, char *value, size_t size);

#endif
