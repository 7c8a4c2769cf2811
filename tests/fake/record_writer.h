// record_writer.h: makes records without a runtime, for tests of the reader.
//
// Rows are gathered in memory and written at once, so a test can say exactly what stands in a
// record, also what no library would write.
#ifndef NAPICHECK_TESTS_RECORD_WRITER_H
#define NAPICHECK_TESTS_RECORD_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "napicheck/record.h"

struct nck_record_writer {
  struct nck_record_header header;
  struct nck_record_writer_table {
    unsigned char *rows;
    size_t n_rows, capacity;
  } tables[NCK_N_TABLES];
  size_t rows_per_chunk; // 0: one chunk a table
};

// Ready, with an empty row 0 in every table and a header of a process that ended with status 0
// after ten seconds.
void nck_record_writer_new(struct nck_record_writer *writer);
void nck_record_writer_drop(struct nck_record_writer *writer);

// Appends rows (zeroed when `rows` is NULL) and returns the index of the first.
uint32_t nck_record_writer_append(struct nck_record_writer *writer, enum nck_table table,
                                  const void *rows, size_t n_rows);
uint32_t nck_record_writer_string(struct nck_record_writer *writer, const char *text);
uint32_t nck_record_writer_stack(struct nck_record_writer *writer, const uint64_t *frames,
                                 size_t n_frames);
// A module with the path and flags; its build-id is that of the file when there is one.
uint32_t nck_record_writer_module(struct nck_record_writer *writer, const char *path,
                                  uint32_t flags);
// A site of `kind` made by function index 1 (napi_create_reference) in module and stack.
uint32_t nck_record_writer_site(struct nck_record_writer *writer, enum nck_object_kind kind,
                                uint32_t module, uint32_t stack);
// `count` live objects of a site.
void nck_record_writer_objects(struct nck_record_writer *writer, uint32_t site,
                               enum nck_evidence evidence, uint32_t reference_count, size_t count);

// Writes the file, mode 0600; exits with a message when it cannot.
void nck_record_writer_write(const struct nck_record_writer *writer, const char *path);
// The same as bytes; the caller frees.
unsigned char *nck_record_writer_bytes(const struct nck_record_writer *writer, size_t *n_bytes);

#endif
