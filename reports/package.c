// package.c: the npm package that a file belongs to.
#include "package.h"

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "file.h"

#define LARGEST_PACKAGE_JSON (4 << 20)

static json_t *load_package(const char *path) {
  FILE *file = nck_file_read(path, LARGEST_PACKAGE_JSON - 1);
  json_t *json = file ? json_loadf(file, 0, NULL) : NULL; // json_loadfd reads byte by byte
  if (file)
    fclose(file);
  return json;
}

void nck_package_find(struct nck_arena *arena, const char *path, const char **name,
                      const char **version) {
  *name = *version = "";
  char folder[PATH_MAX];
  if (*path != '/' || strlen(path) >= sizeof folder - sizeof "/package.json")
    return;
  strcpy(folder, path);
  for (char *slash = strrchr(folder, '/'); slash; slash = strrchr(folder, '/')) {
    strcpy(slash, "/package.json");
    json_t *json = load_package(folder);
    *slash = '\0';
    // A package.json without a name only sets the module type of a folder.
    const char *found = json_string_value(json_object_get(json, "name"));
    if (found) {
      const char *number = json_string_value(json_object_get(json, "version"));
      *name = nck_arena_clean(arena, found);
      *version = nck_arena_clean(arena, number ? number : "");
      json_decref(json);
      return;
    }
    json_decref(json);
    if (!*folder)
      return;
  }
}
