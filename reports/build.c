// build.c: records into a finished report: collected, suppressed, counted.
#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "baseline.h"
#include "collect.h"
#include "error.h"
#include "policy.h"
#include "suppress.h"

static const enum nck_option_key output_keys[] = {
    NCK_OPTION_format, NCK_OPTION_log_path,       NCK_OPTION_record,
    NCK_OPTION_color,  NCK_OPTION_write_baseline, NCK_OPTION_keep_record,
};

void nck_build_options(struct nck_options *options, const struct nck_record *record,
                       const struct nck_options *over, bool keep_outputs) {
  nck_options_new(options);
  // The library has said already what is wrong with its options.
  nck_options_parse(options, nck_record_string(record, record->header.options), NULL, NULL);
  if (!keep_outputs) {
    for (size_t i = 0; i < sizeof output_keys / sizeof *output_keys; i++)
      nck_options_reset(options, output_keys[i]);
  }
  struct nck_error ignored;
  for (int key = 0; key < NCK_N_OPTIONS; key++) {
    if (over->given[key])
      nck_options_set(options, (enum nck_option_key)key, over->values[key], &ignored);
  }
}

void nck_build_add(struct nck_report *report, const struct nck_record *record,
                   const struct nck_options *options, bool sites) {
  nck_collect(report, record, options, sites);
  nck_build_add_suppressions(report, record);
}

void nck_build_add_suppressions(struct nck_report *report, const struct nck_record *record) {
  const char *lines = nck_record_string(record, record->header.default_suppressions);
  const char *before = report->default_suppressions ? report->default_suppressions : "";
  // Processes of one run have the same addons.
  if (*lines && !strstr(before, lines))
    report->default_suppressions = nck_arena_print(&report->arena, "%s%s\n", before, lines);
}

static void complain(const struct nck_build_files *files, const struct nck_error *error) {
  if (!files->quiet)
    nck_error_print(error);
}

// The folder that relative names in an option mean.
static const char *folder_of(const struct nck_build_files *files, enum nck_option_key key) {
  return files->over && files->over->given[key] ? "" : files->folder;
}

// The caller frees.
static char *resolve(const char *folder, const char *path) {
  struct nck_text text = {0};
  if (*path != '/' && *folder)
    nck_text_add(&text, "%s/", folder);
  nck_text_add(&text, "%s", path);
  return text.text;
}

static bool load_suppressions(struct nck_suppressions *suppressions,
                              const struct nck_options *options,
                              const struct nck_build_files *files) {
  bool good = true;
  const char *folder = folder_of(files, NCK_OPTION_suppressions);
  const char *at = nck_options_text(options, NCK_OPTION_suppressions);
  for (char *item; (item = nck_options_item(&at)); free(item)) {
    struct nck_error error = {""};
    char *path = resolve(folder, item);
    if (!nck_suppressions_load(suppressions, path, &error)) {
      complain(files, &error);
      good = false;
    }
    free(path);
  }
  // The file of the working directory is taken if it is there.
  if (!*nck_options_text(options, NCK_OPTION_suppressions)) {
    struct nck_error error = {""};
    char *path = resolve(folder, "napicheck.supp");
    if (access(path, F_OK) == 0 && !nck_suppressions_load(suppressions, path, &error)) {
      complain(files, &error);
      good = false;
    }
    free(path);
  }
  return good;
}

bool nck_build_finish(struct nck_report *report, const struct nck_options *options,
                      const struct nck_build_files *files, int own_code) {
  struct nck_suppressions suppressions = {0};
  bool good = load_suppressions(&suppressions, options, files);
  struct nck_error error = {""};
  if (report->default_suppressions &&
      !nck_suppressions_parse(&suppressions, "napicheck_default_suppressions",
                              report->default_suppressions, &error))
    complain(files, &error);
  time_t now = time(NULL);
  struct tm day;
  char today[32] = "";
  if (localtime_r(&now, &day))
    strftime(today, sizeof today, "%Y-%m-%d", &day);
  nck_suppressions_apply(&suppressions, report, today);
  nck_suppressions_drop(&suppressions);
  if (*nck_options_text(options, NCK_OPTION_baseline)) {
    char *path = resolve(folder_of(files, NCK_OPTION_baseline),
                         nck_options_text(options, NCK_OPTION_baseline));
    if (!nck_baseline_apply(report, path, &error)) {
      complain(files, &error);
      good = false;
    }
    free(path);
  }
  nck_policy_apply(report, options, own_code);
  return good;
}
