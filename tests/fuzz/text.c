// text.c: libFuzzer's target for what is read as text: a JSON report (diff, suppress, merging), a
// baseline, a suppression file. The first byte says which. seeds.mjs makes inputs to start from.
//
//   fuzz_text SEEDS-FOLDER -max_total_time=900 -close_fd_mask=3
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "baseline.h"
#include "cli.h"
#include "json.h"
#include "policy.h"
#include "suppress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

unsigned n_refused; // replay.c reads it

static int memory_fd = -1;
static char memory_path[64];

static bool write_file(const uint8_t *data, size_t size) {
  if (memory_fd < 0) {
    memory_fd = memfd_create("text", MFD_CLOEXEC);
    if (memory_fd < 0)
      abort();
    snprintf(memory_path, sizeof memory_path, "/proc/self/fd/%d", memory_fd);
  }
  return ftruncate(memory_fd, 0) == 0 && pwrite(memory_fd, data, size, 0) == (ssize_t)size;
}

static void check_line(bool good, const struct nck_error *error) {
  n_refused += !good;
  if (!good && (!*error->text || strchr(error->text, '\n')))
    abort(); // one clear line
}

static void run_commands(void) {
  char *diff[] = {(char[]){"napicheck diff"}, memory_path, memory_path, NULL};
  char *diff_json[] = {(char[]){"napicheck diff"},
                       (char[]){"--json"},
                       (char[]){"--all"},
                       memory_path,
                       memory_path,
                       NULL};
  char *suppress[] = {(char[]){"napicheck suppress"}, (char[]){"--all"}, memory_path, NULL};
  nck_command_diff(3, diff);
  nck_command_diff(5, diff_json);
  nck_command_suppress(3, suppress);
  struct nck_error error = {""};
  json_t *into = nck_json_load(memory_path, &error), *from = nck_json_load(memory_path, &error);
  check_line(into, &error);
  if (into && from) {
    nck_json_is_same_run(into, from);
    nck_json_merge(into, from);
  }
  json_decref(into);
  json_decref(from);
}

// A report with one finding, for a baseline or suppressions to be held against.
static void apply(struct nck_report *report, bool baseline) {
  struct nck_error error = {""};
  struct nck_report_finding *finding = nck_report_add_finding(report);
  finding->kind = NCK_FINDING_LEAKED_REFERENCE;
  finding->severity = NCK_SEVERITY_LEAK;
  finding->count = 3;
  finding->fingerprint = "0123456789abcdef";
  if (baseline) {
    check_line(nck_baseline_apply(report, memory_path, &error), &error);
  } else {
    struct nck_suppressions suppressions = {0};
    check_line(nck_suppressions_load(&suppressions, memory_path, &error), &error);
    nck_suppressions_apply(&suppressions, report, "2026-01-01");
    nck_suppressions_drop(&suppressions);
  }
  nck_report_drop(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size || !write_file(data + 1, size - 1))
    return 0;
  struct nck_report report = {0};
  if (data[0] == 'b' || data[0] == 's')
    apply(&report, data[0] == 'b');
  else
    run_commands();
  return 0;
}
