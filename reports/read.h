// read.h: opens a record, decides whether it is one, and hands out its rows.
//
// Nothing in a record is believed: it may be cut, damaged, hostile, or change while it is read. All
// tables but the objects are copied, so that what was checked once stays so; every index is checked
// at every use, and one that leads nowhere leads to an empty row. Objects (there may be ten
// million) are read in a stream.
#ifndef NAPICHECK_REPORTS_READ_H
#define NAPICHECK_REPORTS_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "napicheck/record.h"

// More frames than any stack_depth: a longer stack is damage.
#define NCK_RECORD_MAX_FRAMES 256u

struct nck_record {
  char *path;
  int fd;
  uint64_t file_bytes;
  struct nck_record_header header;
  // Rows in use, row 0 included. rows is NULL for NCK_TABLE_OBJECT and for empty tables.
  struct nck_record_table {
    void *rows;
    uint64_t n_rows;
  } tables[NCK_N_TABLES];
};

// Opens and checks a record. False with one line in `error`; then nothing has to be dropped.
bool nck_record_open(struct nck_record *record, const char *path, struct nck_error *error);
void nck_record_drop(struct nck_record *record);

// Whether a process has the file mapped, also one that stands in another container's /proc. False
// where the file system cannot tell.
bool nck_record_is_written(const struct nck_record *record);

// The string at an index, "" for none. Not cleaned: it may hold anything but NUL.
const char *nck_record_string(const struct nck_record *record, uint32_t index);

// The frames of a stack; 0 with *frames NULL for none.
uint32_t nck_record_stack(const struct nck_record *record, uint32_t index, const uint64_t **frames);

// Rows; an empty one for an index outside. Index 0 is always empty.
const struct nck_module *nck_record_module(const struct nck_record *record, uint32_t index);
const struct nck_thread *nck_record_thread(const struct nck_record *record, uint32_t index);
const struct nck_env_row *nck_record_env(const struct nck_record *record, uint32_t index);
const struct nck_site *nck_record_site(const struct nck_record *record, uint32_t index);
const struct nck_series *nck_record_series(const struct nck_record *record, uint32_t index);
// A site's series with what its row knows of the last bucket. False: it has none, or a damaged one;
// *series has no buckets then.
bool nck_record_site_series(const struct nck_record *record, const struct nck_site *site,
                            struct nck_series *series);
const struct nck_fate *nck_record_fate(const struct nck_record *record, uint32_t index);
const struct nck_finding *nck_record_finding(const struct nck_record *record, uint32_t index);
const struct nck_finalizer_row *nck_record_finalizer(const struct nck_record *record,
                                                     uint32_t index);
const struct nck_failed_call *nck_record_failed(const struct nck_record *record, uint32_t index);
const struct nck_profile *nck_record_profile(const struct nck_record *record, uint32_t index);
// Rows in use, for loops from 1.
uint32_t nck_record_count(const struct nck_record *record, enum nck_table table);

// Calls `note` for every row of the object table that is in use. False when the file could not be
// read to its end.
bool nck_record_each_object(const struct nck_record *record,
                            void (*note)(const struct nck_object *object, void *arg), void *arg);

// The name of an intercepted function by its index, of `length` bytes in the record; "" for none.
const char *nck_record_function(const struct nck_record *record, uint32_t function,
                                uint32_t *length);

#endif
