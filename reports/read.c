// read.c: opens a record, decides whether it is one, and hands out its rows.
#include "read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

#define OBJECTS_AT_ONCE 2048u // 128 KiB: what is read is still in a near cache when it is looked at

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

// All of it or false.
static bool read_fully(int fd, void *buffer, uint64_t bytes, uint64_t offset) {
  unsigned char *to = buffer;
  while (bytes) {
    ssize_t n = pread(fd, to, bytes, (off_t)offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    to += n;
    bytes -= (uint64_t)n;
    offset += (uint64_t)n;
  }
  return true;
}

// Reads into zeroed memory and skips holes: a sparse file of a terabyte must cost neither time nor
// memory.
static bool read_sparse(int fd, void *buffer, uint64_t bytes, uint64_t offset) {
  uint64_t end = offset + bytes, at = offset;
  while (at < end) {
    off_t data = lseek(fd, (off_t)at, SEEK_DATA);
    if (data < 0) {
      if (errno == ENXIO) // nothing but a hole up to the end of the file
        return true;
      return read_fully(fd, (char *)buffer + (at - offset), end - at, at);
    }
    if ((uint64_t)data >= end)
      return true;
    off_t hole = lseek(fd, data, SEEK_HOLE);
    uint64_t stop = hole < 0 || (uint64_t)hole > end ? end : (uint64_t)hole;
    if (!read_fully(fd, (char *)buffer + ((uint64_t)data - offset), stop - (uint64_t)data,
                    (uint64_t)data))
      return false;
    at = stop;
  }
  return true;
}

static bool open_file(struct nck_record *record, const char *path, struct nck_error *error) {
  // Never block on a pipe, never take a terminal.
  record->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (record->fd < 0)
    return nck_error_set(error, "cannot open %s: %s", path, strerror(errno));
  struct stat status;
  if (fstat(record->fd, &status) != 0)
    return nck_error_set(error, "cannot read %s: %s", path, strerror(errno));
  if (!S_ISREG(status.st_mode))
    return nck_error_set(error, "%s is not a record: not a regular file", path);
  if (status.st_uid != geteuid() && status.st_uid != 0)
    return nck_error_set(error, "%s belongs to another user (uid %u): not read", path,
                         (unsigned)status.st_uid);
  record->file_bytes = (uint64_t)status.st_size;
  return true;
}

static bool read_header(struct nck_record *record, struct nck_error *error) {
  struct nck_record_header *header = &record->header;
  uint64_t available =
      record->file_bytes < sizeof *header ? record->file_bytes : (uint64_t)sizeof *header;
  if (!read_fully(record->fd, header, available, 0))
    return nck_error_set(error, "cannot read %s: %s", record->path, strerror(errno));
  if (available < sizeof header->magic ||
      memcmp(header->magic, NCK_RECORD_MAGIC, sizeof header->magic) != 0)
    return nck_error_set(error, "%s is not a napicheck record", record->path);
  if (available < offsetof(struct nck_record_header, pid))
    return nck_error_set(error, "%s is cut short: its header is incomplete", record->path);
  if (header->version != NCK_RECORD_VERSION)
    return nck_error_set(error, "%s is a record of layout %u; this napicheck reads layout %u",
                         record->path, header->version, NCK_RECORD_VERSION);
  if (record->file_bytes < NCK_RECORD_HEADER_BYTES)
    return nck_error_set(error, "%s is cut short: %llu bytes, its header alone has %u",
                         record->path, (unsigned long long)record->file_bytes,
                         NCK_RECORD_HEADER_BYTES);
  if (header->header_bytes != NCK_RECORD_HEADER_BYTES)
    return nck_error_set(error, "%s is damaged: header of %u bytes", record->path,
                         header->header_bytes);
  // A running process may publish chunks between two reads; the directory must not be older than
  // the row counts.
  struct nck_record_header later;
  if (!read_fully(record->fd, &later, sizeof later, 0))
    return nck_error_set(error, "cannot read %s: %s", record->path, strerror(errno));
  header->n_chunks = later.n_chunks;
  memcpy(header->chunks, later.chunks, sizeof header->chunks);
  if (header->n_chunks > NCK_RECORD_MAX_CHUNKS)
    return nck_error_set(error, "%s is damaged: %u chunks", record->path, header->n_chunks);
  for (unsigned t = 0; t < NCK_N_TABLES; t++) {
    if (header->row_bytes[t] != row_bytes[t])
      return nck_error_set(error, "%s is damaged: rows of table %u have %u bytes, not %u",
                           record->path, t, header->row_bytes[t], row_bytes[t]);
  }
  return true;
}

static int compare_offsets(const void *left, const void *right) {
  const struct nck_chunk *a = left, *b = right;
  return a->offset < b->offset ? -1 : a->offset > b->offset;
}

// Chunks must lie in the file, follow one another within their table, and not overlap (else a small
// file could claim huge tables).
static bool check_chunks(struct nck_record *record, struct nck_error *error) {
  const struct nck_record_header *header = &record->header;
  uint64_t covered[NCK_N_TABLES] = {0};
  for (uint32_t i = 0; i < header->n_chunks; i++) {
    const struct nck_chunk *chunk = &header->chunks[i];
    if (chunk->table >= NCK_N_TABLES || chunk->offset % NCK_RECORD_PAGE_BYTES ||
        chunk->offset < NCK_RECORD_HEADER_BYTES || chunk->first_row != covered[chunk->table] ||
        !chunk->n_rows || chunk->n_rows > UINT32_MAX)
      return nck_error_set(error, "%s is damaged: chunk %u makes no sense", record->path, i);
    uint64_t bytes = chunk->n_rows * row_bytes[chunk->table];
    if (chunk->offset > record->file_bytes || bytes > record->file_bytes - chunk->offset)
      return nck_error_set(error, "%s is cut short: chunk %u ends behind its %llu bytes",
                           record->path, i, (unsigned long long)record->file_bytes);
    covered[chunk->table] += chunk->n_rows;
  }
  if (header->n_chunks) {
    struct nck_chunk *sorted = nck_memory_take(header->n_chunks, sizeof *sorted);
    memcpy(sorted, header->chunks, header->n_chunks * sizeof *sorted);
    qsort(sorted, header->n_chunks, sizeof *sorted, compare_offsets);
    bool overlap = false;
    for (uint32_t i = 1; i < header->n_chunks; i++) {
      const struct nck_chunk *before = &sorted[i - 1];
      overlap |= before->offset + before->n_rows * row_bytes[before->table] > sorted[i].offset;
    }
    free(sorted);
    if (overlap)
      return nck_error_set(error, "%s is damaged: its chunks overlap", record->path);
  }
  for (unsigned t = 0; t < NCK_N_TABLES; t++) {
    // A process killed between counting a row and publishing its chunk leaves a count too high by a
    // few.
    uint64_t in_use = header->n_rows[t] < covered[t] ? header->n_rows[t] : covered[t];
    record->tables[t].n_rows = in_use < UINT32_MAX ? in_use : UINT32_MAX;
  }
  return true;
}

static bool read_tables(struct nck_record *record, struct nck_error *error) {
  const struct nck_record_header *header = &record->header;
  for (unsigned t = 0; t < NCK_N_TABLES; t++) {
    if (t == NCK_TABLE_OBJECT || !record->tables[t].n_rows)
      continue;
    // One byte more, so that the last string ends.
    record->tables[t].rows = calloc(record->tables[t].n_rows * row_bytes[t] + 1, 1);
    if (!record->tables[t].rows)
      return nck_error_set(error, "not enough memory to read %s", record->path);
  }
  for (uint32_t i = 0; i < header->n_chunks; i++) {
    const struct nck_chunk *chunk = &header->chunks[i];
    const struct nck_record_table *table = &record->tables[chunk->table];
    if (!table->rows || chunk->first_row >= table->n_rows)
      continue;
    uint64_t n_rows = table->n_rows - chunk->first_row;
    if (n_rows > chunk->n_rows)
      n_rows = chunk->n_rows;
    uint32_t bytes = row_bytes[chunk->table];
    if (!read_sparse(record->fd, (char *)table->rows + chunk->first_row * bytes, n_rows * bytes,
                     chunk->offset))
      return nck_error_set(error, "cannot read %s: it changed or is cut short", record->path);
  }
  return true;
}

bool nck_record_open(struct nck_record *record, const char *path, struct nck_error *error) {
  *record = (struct nck_record){.path = nck_memory_text(path), .fd = -1};
  if (open_file(record, path, error) && read_header(record, error) && check_chunks(record, error) &&
      read_tables(record, error))
    return true;
  nck_record_drop(record);
  return false;
}

void nck_record_drop(struct nck_record *record) {
  for (unsigned t = 0; t < NCK_N_TABLES; t++)
    free(record->tables[t].rows);
  if (record->fd >= 0)
    close(record->fd);
  free(record->path);
  *record = (struct nck_record){.fd = -1};
}

bool nck_record_is_written(const struct nck_record *record) {
  // The kernel gives no lease for reading as long as somebody has the file open, or mapped, to
  // write.
  if (fcntl(record->fd, F_SETLEASE, F_RDLCK) != 0)
    return errno == EAGAIN;
  fcntl(record->fd, F_SETLEASE, F_UNLCK);
  return false;
}

const char *nck_record_string(const struct nck_record *record, uint32_t index) {
  const struct nck_record_table *table = &record->tables[NCK_TABLE_STRING];
  return index && index < table->n_rows ? (const char *)table->rows + index : "";
}

uint32_t nck_record_stack(const struct nck_record *record, uint32_t index,
                          const uint64_t **frames) {
  const struct nck_record_table *table = &record->tables[NCK_TABLE_STACK];
  *frames = NULL;
  if (!index || index >= table->n_rows)
    return 0;
  const uint64_t *words = table->rows;
  uint64_t n_frames = words[index];
  if (!n_frames || n_frames > NCK_RECORD_MAX_FRAMES || n_frames >= table->n_rows - index)
    return 0;
  *frames = words + index + 1;
  return (uint32_t)n_frames;
}

#define DEFINE_ROW(noun, type, id)                                                                 \
  const struct type *nck_record_##noun(const struct nck_record *record, uint32_t index) {          \
    static const struct type empty;                                                                \
    const struct nck_record_table *table = &record->tables[id];                                    \
    return index && index < table->n_rows ? (const struct type *)table->rows + index : &empty;     \
  }

DEFINE_ROW(module, nck_module, NCK_TABLE_MODULE)
DEFINE_ROW(thread, nck_thread, NCK_TABLE_THREAD)
DEFINE_ROW(env, nck_env_row, NCK_TABLE_ENV)
DEFINE_ROW(site, nck_site, NCK_TABLE_SITE)
DEFINE_ROW(series, nck_series, NCK_TABLE_SERIES)
DEFINE_ROW(fate, nck_fate, NCK_TABLE_FATE)
DEFINE_ROW(finding, nck_finding, NCK_TABLE_FINDING)
DEFINE_ROW(finalizer, nck_finalizer_row, NCK_TABLE_FINALIZER)
DEFINE_ROW(failed, nck_failed_call, NCK_TABLE_FAILED)
DEFINE_ROW(profile, nck_profile, NCK_TABLE_PROFILE)

bool nck_record_site_series(const struct nck_record *record, const struct nck_site *site,
                            struct nck_series *series) {
  *series = *nck_record_series(record, site->series);
  if (series->n_buckets == 0 || series->n_buckets > NCK_SERIES_BUCKETS) {
    series->n_buckets = 0; // damaged: say nothing rather than something wrong
    return false;
  }
  if (site->bucket_end != 0)
    series->buckets[series->n_buckets - 1] =
        (struct nck_series_bucket){site->least, site->most, site->live, site->created != 0};
  return true;
}

uint32_t nck_record_count(const struct nck_record *record, enum nck_table table) {
  return (uint32_t)record->tables[table].n_rows;
}

bool nck_record_each_object(const struct nck_record *record,
                            void (*note)(const struct nck_object *object, void *arg), void *arg) {
  const struct nck_record_header *header = &record->header;
  struct nck_object *objects = nck_memory_take(OBJECTS_AT_ONCE, sizeof *objects);
  bool complete = true;
  for (uint32_t i = 0; i < header->n_chunks && complete; i++) {
    const struct nck_chunk *chunk = &header->chunks[i];
    uint64_t in_use = record->tables[NCK_TABLE_OBJECT].n_rows;
    if (chunk->table != NCK_TABLE_OBJECT || chunk->first_row >= in_use)
      continue;
    uint64_t n_rows = in_use - chunk->first_row;
    if (n_rows > chunk->n_rows)
      n_rows = chunk->n_rows;
    uint64_t row = 0;
    while (row < n_rows) {
      // Past a hole in the file: free rows, up to millions of them.
      off_t data = lseek(record->fd, (off_t)(chunk->offset + row * sizeof *objects), SEEK_DATA);
      if (data < 0 && errno == ENXIO)
        break;
      if (data >= 0 && (uint64_t)data > chunk->offset + row * sizeof *objects)
        row = ((uint64_t)data - chunk->offset) / sizeof *objects;
      if (row >= n_rows)
        break;
      uint64_t n = n_rows - row < OBJECTS_AT_ONCE ? n_rows - row : OBJECTS_AT_ONCE;
      complete = read_fully(record->fd, objects, n * sizeof *objects,
                            chunk->offset + row * sizeof *objects);
      if (!complete)
        break;
      for (uint64_t at = 0; at < n; at++) {
        if (objects[at].state != NCK_OBJECT_FREE && chunk->first_row + row + at)
          note(&objects[at], arg);
      }
      row += n;
    }
  }
  free(objects);
  return complete;
}

const char *nck_record_function(const struct nck_record *record, uint32_t function,
                                uint32_t *length) {
  const char *line = nck_record_string(record, record->header.functions);
  while (function && *line) {
    line = strchrnul(line, '\n');
    line += *line == '\n';
    function--;
  }
  *length = (uint32_t)(strchrnul(line, '\n') - line);
  return line;
}
