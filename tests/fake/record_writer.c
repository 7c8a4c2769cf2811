// record_writer.c: makes records without a runtime, for tests of the reader.
#include "record_writer.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint32_t row_bytes[NCK_N_TABLES] = {
    [NCK_TABLE_STRING] = 1,
    [NCK_TABLE_MODULE] = sizeof(struct nck_module),
    [NCK_TABLE_THREAD] = sizeof(struct nck_thread),
    [NCK_TABLE_ENV] = sizeof(struct nck_env_row),
    [NCK_TABLE_STACK] = sizeof(uint64_t),
    [NCK_TABLE_SITE] = sizeof(struct nck_site),
    [NCK_TABLE_SERIES] = sizeof(struct nck_series),
    [NCK_TABLE_OBJECT] = sizeof(struct nck_object),
    [NCK_TABLE_FATE] = sizeof(struct nck_fate),
    [NCK_TABLE_FINDING] = sizeof(struct nck_finding),
    [NCK_TABLE_FINALIZER] = sizeof(struct nck_finalizer_row),
    [NCK_TABLE_FAILED] = sizeof(struct nck_failed_call),
    [NCK_TABLE_PROFILE] = sizeof(struct nck_profile),
};

static void fail(const char *what) __attribute__((noreturn));

static void fail(const char *what) {
  perror(what);
  exit(99);
}

uint32_t nck_record_writer_append(struct nck_record_writer *writer, enum nck_table table,
                                  const void *rows, size_t n_rows) {
  struct nck_record_writer_table *to = &writer->tables[table];
  size_t bytes = row_bytes[table];
  if (to->n_rows + n_rows > to->capacity) {
    to->capacity = (to->n_rows + n_rows) * 2;
    to->rows = realloc(to->rows, to->capacity * bytes);
    if (!to->rows)
      fail("realloc");
  }
  if (rows)
    memcpy(to->rows + to->n_rows * bytes, rows, n_rows * bytes);
  else
    memset(to->rows + to->n_rows * bytes, 0, n_rows * bytes);
  uint32_t first = (uint32_t)to->n_rows;
  to->n_rows += n_rows;
  return first;
}

uint32_t nck_record_writer_string(struct nck_record_writer *writer, const char *text) {
  return nck_record_writer_append(writer, NCK_TABLE_STRING, text, strlen(text) + 1);
}

uint32_t nck_record_writer_stack(struct nck_record_writer *writer, const uint64_t *frames,
                                 size_t n_frames) {
  uint64_t count = n_frames;
  uint32_t index = nck_record_writer_append(writer, NCK_TABLE_STACK, &count, 1);
  nck_record_writer_append(writer, NCK_TABLE_STACK, frames, n_frames);
  return index;
}

void nck_record_writer_new(struct nck_record_writer *writer) {
  memset(writer, 0, sizeof *writer);
  for (unsigned table = 0; table < NCK_N_TABLES; table++)
    nck_record_writer_append(writer, table, NULL, 1);
  struct nck_record_header *header = &writer->header;
  memcpy(header->magic, NCK_RECORD_MAGIC, sizeof header->magic);
  header->version = NCK_RECORD_VERSION;
  header->header_bytes = NCK_RECORD_HEADER_BYTES;
  header->pid = 4711;
  header->ppid = 1;
  header->state = NCK_PROCESS_ENDING;
  header->end_how = NCK_END_EXIT;
  header->end_ns = 10000000000ull;
  header->scan_state = 1;
  header->exe = nck_record_writer_string(writer, "/usr/bin/node");
  header->argv = nck_record_writer_string(writer, "node\napp.js");
  header->cwd = nck_record_writer_string(writer, "/nowhere");
  header->runtime_name = nck_record_writer_string(writer, "node");
  header->runtime_version = nck_record_writer_string(writer, "20.20.2");
  header->runtime_napi = 9;
  header->functions =
      nck_record_writer_string(writer, "napi_none\nnapi_create_reference\nnapi_delete_reference");
  memcpy(header->row_bytes, row_bytes, sizeof row_bytes);
  struct nck_thread thread = {.tid = 4711, .is_main = 1, .name = "node"};
  nck_record_writer_append(writer, NCK_TABLE_THREAD, &thread, 1);
}

void nck_record_writer_drop(struct nck_record_writer *writer) {
  for (unsigned table = 0; table < NCK_N_TABLES; table++)
    free(writer->tables[table].rows);
}

// The build-id note of an ELF file; 0 bytes for none.
static uint8_t read_build_id(const char *path, uint8_t build_id[20]) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0)
    return 0;
  uint8_t length = 0;
  if (fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof(Elf64_Ehdr)) {
    unsigned char *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
    const Elf64_Phdr *segments = (const Elf64_Phdr *)(file + header->e_phoff);
    for (unsigned i = 0; !memcmp(file, ELFMAG, SELFMAG) && i < header->e_phnum; i++) {
      size_t at = segments[i].p_offset, end = at + segments[i].p_filesz;
      while (segments[i].p_type == PT_NOTE && at + sizeof(Elf64_Nhdr) <= end) {
        const Elf64_Nhdr *note = (const Elf64_Nhdr *)(file + at);
        const unsigned char *name = file + at + sizeof *note;
        const unsigned char *value = name + ((note->n_namesz + 3) & ~3u);
        if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz <= 20 && !memcmp(name, "GNU", 4)) {
          length = (uint8_t)note->n_descsz;
          memcpy(build_id, value, length);
        }
        at += sizeof *note + ((note->n_namesz + 3) & ~3u) + ((note->n_descsz + 3) & ~3u);
      }
    }
    munmap(file, (size_t)status.st_size);
  }
  close(fd);
  return length;
}

uint32_t nck_record_writer_module(struct nck_record_writer *writer, const char *path,
                                  uint32_t flags) {
  struct nck_module module = {.flags = flags, .n_loads = 1, .napi_version = 8};
  module.path = nck_record_writer_string(writer, path);
  module.build_id_bytes = read_build_id(path, module.build_id);
  return nck_record_writer_append(writer, NCK_TABLE_MODULE, &module, 1);
}

uint32_t nck_record_writer_site(struct nck_record_writer *writer, enum nck_object_kind kind,
                                uint32_t module, uint32_t stack) {
  struct nck_site site = {
      .stack = stack, .kind = (uint16_t)kind, .function = 1, .module = module, .last_ms = 9000};
  return nck_record_writer_append(writer, NCK_TABLE_SITE, &site, 1);
}

void nck_record_writer_objects(struct nck_record_writer *writer, uint32_t site,
                               enum nck_evidence evidence, uint32_t reference_count, size_t count) {
  struct nck_site *row = (struct nck_site *)writer->tables[NCK_TABLE_SITE].rows + site;
  row->created += count;
  row->live += (uint32_t)count;
  if (row->peak < row->live)
    row->peak = row->live;
  for (size_t i = 0; i < count; i++) {
    struct nck_object object = {
        .generation = 1,
        .kind = (uint8_t)row->kind,
        .state = NCK_OBJECT_LIVE,
        .env = 1,
        .site = site,
        .count = reference_count,
        .value_type = 8,
        .evidence = (uint8_t)evidence,
    };
    nck_record_writer_append(writer, NCK_TABLE_OBJECT, &object, 1);
  }
}

static size_t round_up(size_t bytes) {
  return (bytes + NCK_RECORD_PAGE_BYTES - 1) & ~(size_t)(NCK_RECORD_PAGE_BYTES - 1);
}

unsigned char *nck_record_writer_bytes(const struct nck_record_writer *writer, size_t *n_bytes) {
  struct nck_record_header header = writer->header;
  size_t total = NCK_RECORD_HEADER_BYTES;
  for (unsigned table = 0; table < NCK_N_TABLES; table++) {
    size_t n_rows = writer->tables[table].n_rows, first = 0;
    header.n_rows[table] = n_rows;
    while (first < n_rows) {
      size_t n = writer->rows_per_chunk && n_rows - first > writer->rows_per_chunk
                     ? writer->rows_per_chunk
                     : n_rows - first;
      header.chunks[header.n_chunks++] =
          (struct nck_chunk){.table = table, .first_row = first, .n_rows = n, .offset = total};
      total += round_up(n * row_bytes[table]);
      first += n;
    }
  }
  unsigned char *bytes = calloc(1, total);
  if (!bytes)
    fail("calloc");
  memcpy(bytes, &header, sizeof header);
  for (uint32_t i = 0; i < header.n_chunks; i++) {
    const struct nck_chunk *chunk = &header.chunks[i];
    size_t size = row_bytes[chunk->table];
    memcpy(bytes + chunk->offset, writer->tables[chunk->table].rows + chunk->first_row * size,
           chunk->n_rows * size);
  }
  *n_bytes = total;
  return bytes;
}

void nck_record_writer_write(const struct nck_record_writer *writer, const char *path) {
  size_t n_bytes;
  unsigned char *bytes = nck_record_writer_bytes(writer, &n_bytes);
  unlink(path);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    fail(path);
  for (size_t done = 0; done < n_bytes;) {
    ssize_t n = write(fd, bytes + done, n_bytes - done);
    if (n <= 0)
      fail(path);
    done += (size_t)n;
  }
  close(fd);
  free(bytes);
}
