// shim_package.c: which npm package a file belongs to.
#define _GNU_SOURCE
#include "package.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static const char *value_of(const char *json, const char *key) {
  static char value[16];
  // A block of just that size: a byte too far is noticed by the sanitizer.
  size_t bytes = strlen(json);
  char *copy = malloc(bytes + 1);
  memcpy(copy, json, bytes + 1);
  char *exact = realloc(copy, bytes ? bytes : 1);
  bool found = nck_package_value(exact, bytes, key, value, sizeof value);
  free(exact);
  return found ? value : "-";
}

static void test_values(void) {
  static const struct {
    const char *json, *value;
  } rows[] = {
      {"{\"name\":\"a\"}", "a"},
      {"{ \"name\" :\n\t\"@b/c\" }", "@b/c"},
      {"{\"author\":{\"name\":\"x\"},\"name\":\"a\"}", "a"},
      {"{\"list\":[{\"name\":\"x\"}],\"name\":\"a\"}", "a"},
      {"{\"files\":[\"name\",\"x\"],\"name\":\"a\"}", "a"},
      {"{\"x\":\"\\\"name\\\":\\\"y\\\"\",\"name\":\"a\"}", "a"},
      {"{\"x\":\"{\",\"name\":\"a\"}", "a"},
      {"{\"x\":\"\\\\\",\"name\":\"a\"}", "a"},
      {"{\"x\":\"name\",\"name\":\"a\"}", "a"},
      {"{\"names\":\"x\",\"nam\":\"x\",\"name\":\"a\"}", "a"},
      {"{\"name\":\"\"}", ""},
      {"{\"name\":\"fifteen bytes..\"}", "fifteen bytes.."},
      {"{\"name\":\"sixteen bytes...\"}", "-"},
      {"{\"name\":\"\\u0061\"}", "-"},
      {"{\"name\":7}", "-"},
      {"{\"name\":null}", "-"},
      {"{\"name\":", "-"},
      {"{\"name\":\"a", "-"},
      {"{\"name\":\"", "-"},
      {"{\"name\"", "-"},
      {"{\"name", "-"},
      {"{\"x\\", "-"},
      {"{\"", "-"},
      {"[{\"name\":\"x\"}]", "-"},
      {"{}", "-"},
      {"", "-"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *value = value_of(rows[i].json, "name");
    CHECK(!strcmp(value, rows[i].value));
    if (strcmp(value, rows[i].value) != 0)
      fprintf(stderr, "  %s gives %s\n", rows[i].json, value);
  }
}

static void write_file(const char *folder, const char *name, const char *text) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void test_files(void) {
  char folder[] = "/tmp/napicheck-package-XXXXXX", path[128], inner[64];
  char name[64], version[64];
  CHECK(mkdtemp(folder) != NULL);
  snprintf(inner, sizeof inner, "%s/build", folder);
  CHECK(mkdir(inner, 0700) == 0);
  snprintf(path, sizeof path, "%s/build/a.node", folder);
  errno = 7;
  CHECK(!nck_package_find(path, name, version, sizeof name));
  CHECK(errno == 7);
  write_file(folder, "package.json", "{\"name\":\"pkg\",\"version\":\"1.2.3\"}");
  CHECK(nck_package_find(path, name, version, sizeof name));
  CHECK(!strcmp(name, "pkg") && !strcmp(version, "1.2.3"));
  // One without a name only sets the type of a folder's modules; one that is no file says nothing.
  write_file(inner, "package.json", "{\"type\":\"commonjs\"}");
  CHECK(nck_package_find(path, name, version, sizeof name) && !strcmp(name, "pkg"));
  snprintf(path, sizeof path, "%s/package.json", inner);
  CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
  snprintf(path, sizeof path, "%s/build/a.node", folder);
  CHECK(nck_package_find(path, name, version, sizeof name) && !strcmp(name, "pkg"));
  write_file(folder, "package.json", "{\"name\":\"pkg\"}");
  CHECK(nck_package_find(path, name, version, sizeof name) && !strcmp(version, ""));
  CHECK(!nck_package_find("a.node", name, version, sizeof name));
  CHECK(!nck_package_find("", name, version, sizeof name));
  snprintf(path, sizeof path, "%s/package.json", inner);
  CHECK(unlink(path) == 0 && rmdir(inner) == 0);
  snprintf(path, sizeof path, "%s/package.json", folder);
  CHECK(unlink(path) == 0 && rmdir(folder) == 0);
}

int main(void) {
  test_values();
  test_files();
  return CHECK_DONE();
}
