// reports_read.c: what is a record and what is not; damaged ones must be refused or read without
// harm.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fake/record_writer.h"
#include "build.h"
#include "check.h"
#include "json.h"
#include "policy.h"
#include "read.h"
#include "render.h"

static char path[256];

static void write_bytes(const unsigned char *bytes, size_t n_bytes) {
  unlink(path);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || write(fd, bytes, n_bytes) != (ssize_t)n_bytes)
    abort();
  close(fd);
}

// A record with something in every table.
static size_t most_finalizers; // of the reports that were read

static void make_rich(struct nck_record_writer *writer) {
  nck_record_writer_new(writer);
  uint32_t module = nck_record_writer_module(writer, "/nowhere/addon.node", NCK_MODULE_ADDON);
  struct nck_env_row env = {.env = 1, .thread = 1, .module = module, .n_calls = 100};
  nck_record_writer_append(writer, NCK_TABLE_ENV, &env, 1);
  uint64_t frames[2] = {NCK_FRAME_MAKE(module, 0x1000), NCK_FRAME_MAKE(module, 0x2000)};
  uint32_t stack = nck_record_writer_stack(writer, frames, 2);
  uint32_t site = nck_record_writer_site(writer, NCK_KIND_REFERENCE, module, stack);
  nck_record_writer_objects(writer, site, NCK_EVIDENCE_LOST, 1, 300);
  nck_record_writer_objects(writer, site, NCK_EVIDENCE_HEAP, 0, 3);
  struct nck_series series = {.start_ms = 1, .bucket_ms = 8, .n_buckets = 3, .site = site};
  struct nck_site *row = (struct nck_site *)writer->tables[NCK_TABLE_SITE].rows + site;
  row->series = nck_record_writer_append(writer, NCK_TABLE_SERIES, &series, 1);
  row->bucket_end = 25;
  row->least = 290;
  row->most = 310;
  row->js_stack =
      nck_record_writer_string(writer, "put\tfile:///a/index.js\t41\t9\nrun\ta.js\t1\t2\n");
  struct nck_fate fate = {.site = site, .stack = stack, .verb = NCK_FATE_DELETED, .count = 7};
  nck_record_writer_append(writer, NCK_TABLE_FATE, &fate, 1);
  struct nck_finding finding = {.kind = NCK_FINDING_REFERENCE_USE_AFTER_DELETE,
                                .severity = NCK_SEVERITY_ERROR,
                                .env = 1,
                                .thread = 1,
                                .module = module,
                                .site = site,
                                .roles = {NCK_ROLE_CREATED, NCK_ROLE_USED},
                                .stacks = {stack, stack},
                                .count = 2};
  finding.message = nck_record_writer_string(writer, "a reference was used after it was deleted");
  nck_record_writer_append(writer, NCK_TABLE_FINDING, &finding, 1);
  struct nck_finalizer_row finalizer = {
      .order = 1, .env = 1, .stack = stack, .phase = 1, .kind = 1};
  nck_record_writer_append(writer, NCK_TABLE_FINALIZER, &finalizer, 1);
  // Another one that tells less, and a third that follows the first.
  struct nck_finalizer_row bare = {.order = 2, .phase = finalizer.phase, .kind = finalizer.kind};
  nck_record_writer_append(writer, NCK_TABLE_FINALIZER, &bare, 1);
  finalizer.order = 3;
  finalizer.ms = 12;
  nck_record_writer_append(writer, NCK_TABLE_FINALIZER, &finalizer, 1);
  struct nck_failed_call failed = {
      .function = 1, .status = 10, .stack = stack, .env = 1, .count = 3};
  nck_record_writer_append(writer, NCK_TABLE_FAILED, &failed, 1);
  struct nck_profile profile = {
      .cb_frame = frames[0], .module = module, .n_handles = 9, .n_calls = 3};
  nck_record_writer_append(writer, NCK_TABLE_PROFILE, &profile, 1);
}

// A report that is written at once is the one that is built and written.
static void check_json(const struct nck_report *report) {
  char *at_once = NULL, *built = NULL;
  size_t n_at_once, n_built;
  FILE *out = open_memstream(&at_once, &n_at_once);
  nck_json_render(report, NULL, out);
  fclose(out);
  json_t *json = nck_json_build(report);
  out = open_memstream(&built, &n_built);
  nck_json_write(json, out);
  fclose(out);
  CHECK(n_built > 1000);
  CHECK(!strcmp(at_once, built));
  most_finalizers = report->n_finalizers > most_finalizers ? report->n_finalizers : most_finalizers;
  json_decref(json);
  free(at_once);
  free(built);
}

// Opens, reads all of it into a report, and takes everything down again. Says whether it was a
// record.
static bool swallow(struct nck_error *error) {
  struct nck_record record;
  error->text[0] = '\0';
  if (!nck_record_open(&record, path, error))
    return false;
  struct nck_options options, none;
  nck_options_new(&none);
  nck_build_options(&options, &record, &none, false);
  struct nck_report report = {0};
  nck_build_add(&report, &record, &options, true);
  nck_policy_apply(&report, &options, 0);
  check_json(&report);
  nck_report_drop(&report);
  nck_options_drop(&options);
  nck_options_drop(&none);
  nck_record_drop(&record);
  return true;
}

static bool is_one_line(const char *text) { return *text && !strpbrk(text, "\n\r\033"); }

static void count_object(const struct nck_object *object, void *arg) {
  *(uint64_t *)arg += object->state == NCK_OBJECT_LIVE;
}

// The last bucket is what the site's row says, unless the series is complete without it.
static void check_series(const struct nck_record *record) {
  struct nck_site site = *nck_record_site(record, 1);
  struct nck_series series;
  CHECK(nck_record_site_series(record, &site, &series));
  CHECK_UINT(series.n_buckets, 3);
  CHECK_UINT(series.buckets[1].last, 0);
  CHECK_UINT(series.buckets[2].min, 290);
  CHECK_UINT(series.buckets[2].max, 310);
  CHECK_UINT(series.buckets[2].last, site.live);
  CHECK(series.buckets[2].n_events != 0);
  site.bucket_end = 0;
  CHECK(nck_record_site_series(record, &site, &series));
  CHECK_UINT(series.buckets[2].max, 0);
  site.series = 0;
  CHECK(!nck_record_site_series(record, &site, &series));
  CHECK_UINT(series.n_buckets, 0);
}

static void test_good(size_t rows_per_chunk) {
  struct nck_record_writer writer;
  make_rich(&writer);
  writer.rows_per_chunk = rows_per_chunk;
  nck_record_writer_write(&writer, path);
  nck_record_writer_drop(&writer);
  struct nck_record record;
  struct nck_error error = {""};
  CHECK(nck_record_open(&record, path, &error));
  CHECK(!strcmp(nck_record_string(&record, record.header.runtime_name), "node"));
  CHECK(!strcmp(nck_record_string(&record, UINT32_MAX), ""));
  const uint64_t *frames;
  CHECK_UINT(nck_record_stack(&record, nck_record_site(&record, 1)->stack, &frames), 2);
  CHECK_UINT(NCK_FRAME_OFFSET(frames[1]), 0x2000);
  CHECK_UINT(nck_record_stack(&record, 0, &frames), 0);
  CHECK_UINT(nck_record_stack(&record, UINT32_MAX, &frames), 0);
  CHECK_UINT(nck_record_site(&record, 7)->kind, 0);
  check_series(&record);
  uint64_t n_live = 0;
  CHECK(nck_record_each_object(&record, count_object, &n_live));
  CHECK_UINT(n_live, 303);
  uint32_t length;
  CHECK(!strncmp(nck_record_function(&record, 2, &length), "napi_delete_reference", 21));
  CHECK_UINT(length, 21);
  nck_record_function(&record, 99, &length);
  CHECK_UINT(length, 0);
  nck_record_drop(&record);
  most_finalizers = 0;
  CHECK(swallow(&error));
  CHECK_UINT(most_finalizers, 3);
}

static void expect_refusal(const unsigned char *bytes, size_t n_bytes, const char *word) {
  struct nck_error error;
  write_bytes(bytes, n_bytes);
  CHECK(!swallow(&error));
  CHECK(is_one_line(error.text));
  CHECK(strstr(error.text, word) != NULL);
  if (!strstr(error.text, word))
    fprintf(stderr, "  %s\n", error.text);
}

static void test_damage(void) {
  struct nck_record_writer writer;
  make_rich(&writer);
  size_t n_bytes;
  unsigned char *good = nck_record_writer_bytes(&writer, &n_bytes);
  nck_record_writer_drop(&writer);
  unsigned char *bad = malloc(n_bytes);
  struct nck_record_header *header = (struct nck_record_header *)bad;

#define DAMAGE(change, word)                                                                       \
  do {                                                                                             \
    memcpy(bad, good, n_bytes);                                                                    \
    change;                                                                                        \
    expect_refusal(bad, n_bytes, word);                                                            \
  } while (0)
  DAMAGE(header->magic[0] = 'X', "not a napicheck record");
  DAMAGE(header->version = NCK_RECORD_VERSION + 1, "layout");
  DAMAGE(header->header_bytes = 4096, "damaged");
  DAMAGE(header->row_bytes[NCK_TABLE_SITE]++, "damaged");
  DAMAGE(header->n_chunks = NCK_RECORD_MAX_CHUNKS + 1, "damaged");
  DAMAGE(header->n_chunks = UINT32_MAX, "damaged");
  DAMAGE(header->chunks[0].table = NCK_N_TABLES, "damaged");
  DAMAGE(header->chunks[0].table = UINT32_MAX, "damaged");
  DAMAGE(header->chunks[1].first_row = 1, "damaged");
  DAMAGE(header->chunks[1].n_rows = 0, "damaged");
  DAMAGE(header->chunks[1].n_rows = UINT64_MAX, "damaged");
  DAMAGE(header->chunks[1].n_rows = UINT32_MAX, "cut short");
  DAMAGE(header->chunks[1].offset = 1, "damaged");
  DAMAGE(header->chunks[1].offset = 0, "damaged");
  DAMAGE(header->chunks[1].offset = UINT64_MAX & ~4095ull, "cut short");
  DAMAGE(header->chunks[1].offset = header->chunks[2].offset, "overlap");

  // Counts that are too high are cut down to what the chunks hold: a killed process may leave them.
  memcpy(bad, good, n_bytes);
  for (unsigned table = 0; table < NCK_N_TABLES; table++)
    header->n_rows[table] = UINT64_MAX;
  write_bytes(bad, n_bytes);
  struct nck_error error;
  CHECK(swallow(&error));
  // Strings that do not end.
  memcpy(bad, good, n_bytes);
  memset(bad + header->chunks[NCK_TABLE_STRING].offset, 'x', NCK_RECORD_PAGE_BYTES);
  header->n_rows[NCK_TABLE_STRING] = header->chunks[NCK_TABLE_STRING].n_rows;
  write_bytes(bad, n_bytes);
  CHECK(swallow(&error));

  // Cut at any place but within the last page's padding: refused, always.
  for (size_t cut = 0; cut < n_bytes - NCK_RECORD_PAGE_BYTES; cut += cut < 64 ? 1 : 1021) {
    write_bytes(good, cut);
    CHECK(!swallow(&error));
    CHECK(is_one_line(error.text));
  }
  free(bad);
  free(good);
}

// Rows full of garbage behind a good directory: whatever they name, nothing is read outside.
static void test_garbage(unsigned seed, unsigned rounds) {
  struct nck_record_writer writer;
  make_rich(&writer);
  size_t n_bytes;
  unsigned char *good = nck_record_writer_bytes(&writer, &n_bytes);
  nck_record_writer_drop(&writer);
  unsigned char *bad = malloc(n_bytes);
  uint64_t state = seed;
  unsigned n_read = 0;
  for (unsigned round = 0; round < rounds; round++) {
    memcpy(bad, good, n_bytes);
    const struct nck_record_header *header = (const struct nck_record_header *)good;
    for (unsigned i = 0; i < 40; i++) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      const struct nck_chunk *chunk = &header->chunks[(state >> 33) % header->n_chunks];
      size_t at =
          chunk->offset + (size_t)(state >> 40) % (header->row_bytes[chunk->table] * chunk->n_rows);
      if (i % 16 == 15) // the header's own fields too
        at = 16 + (size_t)(state >> 40) % (offsetof(struct nck_record_header, n_rows) - 16);
      bad[at] = (state & 3) == 0 ? 0xff : (unsigned char)(state >> 24);
    }
    write_bytes(bad, n_bytes);
    struct nck_error error;
    if (swallow(&error))
      n_read++;
    else
      CHECK(is_one_line(error.text));
  }
  CHECK(n_read > rounds / 2);
  free(bad);
  free(good);
}

static void test_files(const char *folder) {
  struct nck_error error;
  unlink(path);
  CHECK(!swallow(&error));
  CHECK(is_one_line(error.text));
  // A pipe must not block.
  CHECK(mkfifo(path, 0600) == 0);
  CHECK(!swallow(&error));
  CHECK(strstr(error.text, "not a regular file") != NULL);
  unlink(path);
  write_bytes((const unsigned char *)"", 0);
  CHECK(!swallow(&error));
  CHECK(strstr(error.text, "not a napicheck record") != NULL);
  char kept[sizeof path];
  memcpy(kept, path, sizeof path);
  snprintf(path, sizeof path, "%s", folder);
  CHECK(!swallow(&error));
  CHECK(strstr(error.text, "not a regular file") != NULL);
  memcpy(path, kept, sizeof path);
  if (geteuid() == 0) {
    struct nck_record_writer writer;
    make_rich(&writer);
    nck_record_writer_write(&writer, path);
    nck_record_writer_drop(&writer);
    CHECK(chown(path, 12345, 12345) == 0);
    CHECK(!swallow(&error));
    CHECK(strstr(error.text, "another user") != NULL);
  }
}

// A table of a hundred million rows in a sparse file costs neither time nor memory.
static void test_sparse(void) {
  struct nck_record_writer writer;
  make_rich(&writer);
  nck_record_writer_write(&writer, path);
  nck_record_writer_drop(&writer);
  int fd = open(path, O_RDWR);
  struct nck_record_header header;
  CHECK(pread(fd, &header, sizeof header, 0) == (ssize_t)sizeof header);
  struct stat status;
  fstat(fd, &status);
  uint64_t held = header.n_rows[NCK_TABLE_OBJECT], more = 100000000;
  header.chunks[header.n_chunks++] = (struct nck_chunk){.table = NCK_TABLE_OBJECT,
                                                        .first_row = held,
                                                        .n_rows = more,
                                                        .offset = (uint64_t)status.st_size};
  header.n_rows[NCK_TABLE_OBJECT] += more;
  CHECK(pwrite(fd, &header, sizeof header, 0) == (ssize_t)sizeof header);
  CHECK(ftruncate(fd, status.st_size + (off_t)(more * sizeof(struct nck_object))) == 0);
  close(fd);
  struct nck_record record;
  struct nck_error error = {""};
  CHECK(nck_record_open(&record, path, &error));
  uint64_t n_live = 0;
  CHECK(nck_record_each_object(&record, count_object, &n_live));
  CHECK_UINT(n_live, 303);
  nck_record_drop(&record);
}

int main(void) {
  char folder[] = "/tmp/reports_read-XXXXXX";
  if (!mkdtemp(folder))
    return 1;
  snprintf(path, sizeof path, "%s/a%s", folder, NCK_RECORD_SUFFIX);
  test_good(0);
  test_good(10);
  test_damage();
  test_garbage(1, 400);
  test_files(folder);
  test_sparse();
  unlink(path);
  rmdir(folder);
  return CHECK_DONE();
}
