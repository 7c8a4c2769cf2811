// shim_fake_recorder.h: a recorder in plain memory and fixed options, for the unit tests of what
// stands above the recorder.
#ifndef NAPICHECK_TESTS_UNIT_SHIM_FAKE_RECORDER_H
#define NAPICHECK_TESTS_UNIT_SHIM_FAKE_RECORDER_H

#include "recorder.h"

void fake_recorder_open(void);

// From now on (or not any more) appending and nck_own_alloc fail as if there were no room.
void fake_recorder_fill(bool is_full);

// Bytes of nck_own_alloc that were not given back.
size_t fake_recorder_own_bytes(void);

const char *fake_recorder_text(uint32_t string);

#endif
