// file.h: regular files to read.
//
// Their names come from records, options and other people's programs: a pipe must not be waited
// for, or what is on its way to somebody else be taken, a device not be read, a terminal not become
// ours.
#ifndef NAPICHECK_REPORTS_FILE_H
#define NAPICHECK_REPORTS_FILE_H

#include <stdio.h>
#include <sys/stat.h>

// A descriptor of a regular file, and what fstat says of it; -1 for anything else. The caller
// closes.
int nck_file_open(const char *path, struct stat *status);

// The same as a stream, of one of at most so many bytes; NULL for anything else.
FILE *nck_file_read(const char *path, off_t most);

#endif
