// load.c: a report as JSON, whatever it was given as: a record, a folder of records, a process, or
// a JSON report.
#include "load.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "file.h"
#include "json.h"
#include "policy.h"
#include "process.h"

static void add_path(struct nck_paths *list, char *path) {
  list->paths = nck_memory_grow(list->paths, &list->capacity, list->n + 1, sizeof *list->paths);
  list->paths[list->n++] = path;
}

static int compare_paths(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool list_folder(struct nck_paths *list, const char *folder, struct nck_error *error) {
  DIR *dir = opendir(folder);
  if (!dir)
    return nck_error_set(error, "cannot open %s: %s", folder, strerror(errno));
  static const char suffix[] = NCK_RECORD_SUFFIX;
  const struct dirent *entry;
  while ((entry = readdir(dir))) {
    size_t length = strlen(entry->d_name);
    if (length < sizeof suffix - 1 || strcmp(entry->d_name + length - (sizeof suffix - 1), suffix))
      continue;
    struct nck_text path = {0};
    nck_text_add(&path, "%s/%s", folder, entry->d_name);
    struct stat status;
    // In a folder that others may write to, a link may lead anywhere.
    if (lstat(path.text, &status) == 0 && S_ISREG(status.st_mode))
      add_path(list, path.text);
    else
      nck_text_drop(&path);
  }
  closedir(dir);
  if (!list->n)
    return nck_error_set(error, "%s holds no records (*%s)", folder, suffix);
  qsort(list->paths, list->n, sizeof *list->paths, compare_paths);
  return true;
}

bool nck_load_find(struct nck_paths *list, const char *target, struct nck_error *error) {
  struct stat status;
  if (stat(target, &status) != 0) {
    int code = errno;
    size_t digits = strspn(target, "0123456789");
    if (digits && !target[digits] && digits < 10) {
      char *path = nck_process_find_record((uint32_t)strtoul(target, NULL, 10), error);
      if (path)
        add_path(list, path);
      return path != NULL;
    }
    return nck_error_set(error, "cannot open %s: %s", target, strerror(code));
  }
  if (S_ISDIR(status.st_mode))
    return list_folder(list, target, error);
  add_path(list, nck_memory_text(target));
  return true;
}

void nck_load_drop(struct nck_paths *list) {
  for (size_t i = 0; i < list->n; i++)
    free(list->paths[i]);
  free(list->paths);
}

// True for a file that begins as JSON does. Records begin with their magic.
static bool looks_like_json(const char *path) {
  char start[64];
  struct stat status;
  int fd = nck_file_open(path, &status);
  ssize_t n = fd >= 0 ? read(fd, start, sizeof start) : 0;
  if (fd >= 0)
    close(fd);
  for (ssize_t i = 0; i < n; i++) {
    if (!strchr(" \t\r\n", start[i]))
      return start[i] == '{';
  }
  return false;
}

static json_t *build_report(const struct nck_paths *list, struct nck_error *error) {
  struct nck_report report = {0};
  struct nck_options options, none;
  nck_options_new(&none);
  json_t *json = NULL;
  bool good = true;
  for (size_t i = 0; i < list->n && good; i++) {
    struct nck_record record;
    good = nck_record_open(&record, list->paths[i], error);
    if (good) {
      nck_build_options(&options, &record, &none, false);
      nck_build_add(&report, &record, &options, false);
      nck_options_drop(&options);
      nck_record_drop(&record);
    }
  }
  if (good) {
    nck_policy_apply(&report, &none, nck_policy_own_code(&report));
    json = nck_json_build(&report);
  }
  nck_options_drop(&none);
  nck_report_drop(&report);
  return json;
}

json_t *nck_load_report(const char *target, struct nck_error *error) {
  if (looks_like_json(target))
    return nck_json_load(target, error);
  struct nck_paths list = {0};
  json_t *json = nck_load_find(&list, target, error) ? build_report(&list, error) : NULL;
  nck_load_drop(&list);
  return json;
}
