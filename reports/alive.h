// alive.h: what Node-API objects keep a process's event loop alive.
#ifndef NAPICHECK_REPORTS_ALIVE_H
#define NAPICHECK_REPORTS_ALIVE_H

#include <stdint.h>

#include "memory.h"
#include "read.h"

// Adds a line for each call site whose async works are queued or running, or whose threadsafe
// functions hold the loop; one line that says so when there is none.
void nck_alive_tell(const struct nck_record *record, struct nck_text *lines);

#endif
