// make_record.c: writes a record for tests of the command line: make_record PATH [key=value ...]
//
//   lost=N held=N weak=N live=N ignored=N   references of that sort, from one call site each
//   error=N warning=N note=N                occurrences of an event of that severity
//   sites=N                                 lost ones are spread over so many call sites
//   late=N finalizers=M                     a finalizer-after-owner; M finalizers alike
//   growing=N                               references that rose through the run
//   addon=PATH options=TEXT cwd=PATH pid=N ticks=N code=N calls=N
//   how=exit|abort|killed|in-call|exec blind=TEXT all=1 (something in every table)
//   map=1   is itself the running process of the record: maps it, says "ready", and waits for the
//   end of its input
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record_writer.h"

enum finding_kind {
#define NCK_FINDING(id, word, severity, group, title, advice) KIND_##id,
#include "napicheck/findings.def"
#undef NCK_FINDING
};

static int n_settings;
static char **settings;

static const char *text_of(const char *key, const char *otherwise) {
  size_t length = strlen(key);
  for (int i = 0; i < n_settings; i++) {
    if (!strncmp(settings[i], key, length) && settings[i][length] == '=')
      return settings[i] + length + 1;
  }
  return otherwise;
}

static unsigned long number_of(const char *key, unsigned long otherwise) {
  const char *text = text_of(key, NULL);
  return text ? strtoul(text, NULL, 10) : otherwise;
}

static struct nck_site *site_of(struct nck_record_writer *writer, uint32_t site) {
  return (struct nck_site *)writer->tables[NCK_TABLE_SITE].rows + site;
}

static uint32_t add_site(struct nck_record_writer *writer, uint32_t module, uint64_t offset) {
  uint64_t frames[2] = {NCK_FRAME_MAKE(module, offset), NCK_FRAME_MAKE(module, 0x9000)};
  return nck_record_writer_site(writer, NCK_KIND_REFERENCE, module,
                                nck_record_writer_stack(writer, frames, 2));
}

static void add_references(struct nck_record_writer *writer, uint32_t module) {
  unsigned long lost = number_of("lost", 0), sites = number_of("sites", 1);
  for (unsigned long i = 0; lost && i < sites; i++)
    nck_record_writer_objects(writer, add_site(writer, module, 0x1000 + 16 * i), NCK_EVIDENCE_LOST,
                              1, lost / sites);
  static const struct {
    const char *key;
    enum nck_evidence evidence;
    uint32_t count;
  } sorts[] = {{"held", NCK_EVIDENCE_HEAP, 1},
               {"weak", NCK_EVIDENCE_LOST, 0},
               {"live", NCK_EVIDENCE_NONE, 1}};
  for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
    unsigned long count = number_of(sorts[i].key, 0);
    if (count)
      nck_record_writer_objects(writer, add_site(writer, module, 0x100000 + 4096 * i),
                                sorts[i].evidence, sorts[i].count, count);
  }
  unsigned long ignored = number_of("ignored", 0);
  size_t first = writer->tables[NCK_TABLE_OBJECT].n_rows;
  if (ignored)
    nck_record_writer_objects(writer, add_site(writer, module, 0x200000), NCK_EVIDENCE_LOST, 1,
                              ignored);
  for (size_t i = 0; i < ignored; i++)
    ((struct nck_object *)writer->tables[NCK_TABLE_OBJECT].rows)[first + i].flags |=
        NCK_OBJECT_IGNORED;
}

static void add_growth(struct nck_record_writer *writer, uint32_t module) {
  unsigned long count = number_of("growing", 0);
  if (!count)
    return;
  uint32_t site = add_site(writer, module, 0x300000);
  nck_record_writer_objects(writer, site, NCK_EVIDENCE_HEAP, 1, count);
  struct nck_series series = {.start_ms = 0, .bucket_ms = 200, .n_buckets = 50, .site = site};
  for (uint32_t i = 0; i < series.n_buckets; i++) {
    uint32_t from = (uint32_t)(count * i / series.n_buckets);
    uint32_t to = (uint32_t)(count * (i + 1) / series.n_buckets);
    series.buckets[i] = (struct nck_series_bucket){from, to, to, to - from};
  }
  uint32_t row = nck_record_writer_append(writer, NCK_TABLE_SERIES, &series, 1);
  site_of(writer, site)->series = row;
}

static void add_event(struct nck_record_writer *writer, uint32_t module, const char *key,
                      enum finding_kind kind, enum nck_severity severity, uint64_t offset) {
  unsigned long count = number_of(key, 0);
  if (!count)
    return;
  uint64_t frame = NCK_FRAME_MAKE(module, offset);
  uint32_t stack = nck_record_writer_stack(writer, &frame, 1);
  struct nck_finding finding = {.kind = (uint16_t)kind,
                                .severity = (uint8_t)severity,
                                .env = 1,
                                .thread = 1,
                                .module = module,
                                .function = 2,
                                .roles = {NCK_ROLE_CREATED, NCK_ROLE_USED},
                                .stacks = {stack, stack},
                                .count = count,
                                .first_ns = 1000000,
                                .last_ns = 2000000};
  finding.message = nck_record_writer_string(writer, "something happened");
  finding.js_stack = nck_record_writer_string(writer, "put\t/app/index.js\t41\t9\n");
  nck_record_writer_append(writer, NCK_TABLE_FINDING, &finding, 1);
}

// At least one row in every table that nothing else fills.
static void add_rest(struct nck_record_writer *writer, uint32_t module) {
  uint64_t frame = NCK_FRAME_MAKE(module, 0x5000);
  uint32_t stack = nck_record_writer_stack(writer, &frame, 1);
  struct nck_fate fate = {.site = 1, .stack = stack, .verb = NCK_FATE_DELETED, .count = 1903};
  nck_record_writer_append(writer, NCK_TABLE_FATE, &fate, 1);
  for (uint16_t phase = NCK_PHASE_GC; phase <= NCK_PHASE_TEARDOWN; phase++) {
    struct nck_finalizer_row row = {.order = phase,
                                    .cb_frame = frame | NCK_FRAME_EXACT,
                                    .env = 1,
                                    .stack = stack,
                                    .phase = phase,
                                    .kind = NCK_FINALIZER_WRAP};
    nck_record_writer_append(writer, NCK_TABLE_FINALIZER, &row, 1);
  }
  for (unsigned long i = 0; i < number_of("finalizers", 0); i++) {
    struct nck_finalizer_row row = {.order = NCK_PHASE_TEARDOWN + 1 + i,
                                    .cb_frame = frame | NCK_FRAME_EXACT,
                                    .env = 1,
                                    .stack = stack,
                                    .phase = NCK_PHASE_TEARDOWN,
                                    .kind = NCK_FINALIZER_EXTERNAL};
    nck_record_writer_append(writer, NCK_TABLE_FINALIZER, &row, 1);
  }
  struct nck_failed_call failed = {
      .function = 1, .status = 10, .stack = stack, .env = 1, .count = 3};
  nck_record_writer_append(writer, NCK_TABLE_FAILED, &failed, 1);
  struct nck_profile profile = {.cb_frame = frame | NCK_FRAME_EXACT,
                                .module = module,
                                .peak_handles = 1000,
                                .n_handles = 5000,
                                .n_calls = 10,
                                .peak_stack = stack};
  nck_record_writer_append(writer, NCK_TABLE_PROFILE, &profile, 1);
  writer->header.unwatched = nck_record_writer_string(writer, "node_api_new\nnode_api_newer");
}

static void set_end(struct nck_record_writer *writer) {
  struct nck_record_header *header = &writer->header;
  const char *how = text_of("how", "exit");
  header->end_code = (int32_t)number_of("code", 0);
  if (!strcmp(how, "killed")) {
    header->state = NCK_PROCESS_RUNNING;
    header->end_how = NCK_END_UNKNOWN;
    header->end_ns = 0;
    header->scan_state = 0;
  } else {
    header->end_how = !strcmp(how, "abort")     ? NCK_END_ABORT
                      : !strcmp(how, "in-call") ? NCK_END_EXIT_IN_CALL
                      : !strcmp(how, "exec")    ? NCK_END_EXEC
                                                : NCK_END_EXIT;
  }
}

// The start of this process, field 22 of its stat.
static uint64_t own_start_ticks(void) {
  char text[1024] = "";
  FILE *file = fopen("/proc/self/stat", "re");
  if (file && fgets(text, sizeof text, file) == NULL)
    text[0] = '\0';
  if (file)
    fclose(file);
  char *at = strrchr(text, ')');
  for (int field = 2; at && field < 22; field++)
    at = strchr(at + 1, ' ');
  return at ? strtoull(at, NULL, 10) : 0;
}

static void hold(const char *path) {
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0 || mmap(NULL, NCK_RECORD_HEADER_BYTES, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
    exit(99);
  close(fd);
  puts("ready");
  fflush(stdout);
  while (getchar() != EOF)
    continue;
}

int main(int argc, char **argv) {
  if (argc < 2)
    return 99;
  settings = argv + 2;
  n_settings = argc - 2;
  struct nck_record_writer writer;
  nck_record_writer_new(&writer);
  struct nck_record_header *header = &writer.header;
  uint32_t module =
      nck_record_writer_module(&writer, text_of("addon", "/nowhere/addon.node"), NCK_MODULE_ADDON);
  struct nck_env_row env = {.env = 1,
                            .thread = 1,
                            .module = module,
                            .state = NCK_ENV_ENDED,
                            .n_calls = number_of("calls", 1000)};
  env.counters[NCK_KIND_REFERENCE].created = 10;
  nck_record_writer_append(&writer, NCK_TABLE_ENV, &env, 1);
  header->pid = (uint32_t)number_of("pid", 4711);
  header->start_ticks = number_of("ticks", 1);
  header->options = nck_record_writer_string(&writer, text_of("options", ""));
  if (text_of("cwd", NULL))
    header->cwd = nck_record_writer_string(&writer, text_of("cwd", ""));
  if (text_of("blind", NULL)) {
    header->blind_ms = 500;
    header->blind_reason = nck_record_writer_string(&writer, text_of("blind", ""));
  }
  set_end(&writer);
  add_references(&writer, module);
  add_growth(&writer, module);
  add_event(&writer, module, "error", KIND_REFERENCE_USE_AFTER_DELETE, NCK_SEVERITY_ERROR, 0x7000);
  add_event(&writer, module, "warning", KIND_HANDLE_GROWTH, NCK_SEVERITY_WARNING, 0x7100);
  add_event(&writer, module, "late", KIND_FINALIZER_AFTER_OWNER, NCK_SEVERITY_WARNING, 0x7300);
  add_event(&writer, module, "note", KIND_FAILED_CALL, NCK_SEVERITY_NOTE, 0x7200);
  if (number_of("all", 0))
    add_rest(&writer, module);
  if (number_of("map", 0)) {
    header->pid = (uint32_t)getpid();
    header->start_ticks = own_start_ticks();
    header->state = NCK_PROCESS_RUNNING;
    header->end_how = NCK_END_UNKNOWN;
    header->end_ns = 0;
  }
  nck_record_writer_write(&writer, argv[1]);
  if (number_of("map", 0))
    hold(argv[1]);
  nck_record_writer_drop(&writer);
  return 0;
}
