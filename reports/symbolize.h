// symbolize.h: frames of a record to functions, files and lines, inlined calls included.
//
// A module's file is opened by its recorded path and trusted only when its build-id is the recorded
// one; else a frame stays module and offset, and the module says why. Every frame is looked up
// once, so the cost follows the number of different frames and not the number of objects.
#ifndef NAPICHECK_REPORTS_SYMBOLIZE_H
#define NAPICHECK_REPORTS_SYMBOLIZE_H

#include "read.h"
#include "report.h"

struct nck_symbolizer;

// From now on debug information is also fetched from the servers that DEBUGINFOD_URLS names
// (elfutils' debuginfod): for a report that a person waits for, not for one at a program's end.
void nck_symbolize_ask_servers(void);

// Borrows the record, the modules (array of n rows, indexed as in the record) and the arena, where
// all results go.
struct nck_symbolizer *nck_symbolizer_new(const struct nck_record *record,
                                          struct nck_report_module *modules, uint32_t n_modules,
                                          struct nck_arena *arena);
void nck_symbolizer_drop(struct nck_symbolizer *symbolizer);

// The stack at an index of the record. `addon` is the module row whose frames are the addon's own
// besides those of all known addons.
struct nck_report_stack nck_symbolizer_stack(struct nck_symbolizer *symbolizer, uint32_t stack,
                                             enum nck_role role, uint32_t js_stack);
// The outermost function at one frame word, "" unknown.
const char *nck_symbolizer_function(struct nck_symbolizer *symbolizer, uint64_t frame);
// "g_cache+0x8", the variable at an offset of a module; "" unknown.
const char *nck_symbolizer_variable(struct nck_symbolizer *symbolizer, uint32_t module,
                                    uint64_t offset);
// Why frames of a module have no names; "" when they have.
const char *nck_symbolizer_note(const struct nck_symbolizer *symbolizer, uint32_t module);

#endif
