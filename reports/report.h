// report.h: the model of a report, what every renderer draws from.
//
// A report is filled once (collect.c, judge.c, policy.c) and only read afterwards. Everything in
// it, itself excepted, hangs on its arena; it keeps no pointer into a record. All text in it is
// clean: valid UTF-8, no control characters. Pointers are never NULL unless said so; "" is an
// unknown text, an array of 0 items may be NULL.
#ifndef NAPICHECK_REPORTS_REPORT_H
#define NAPICHECK_REPORTS_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "kinds.h"
#include "memory.h"
#include "napicheck/record.h"

struct nck_report_module {
  const char *file; // addon.node
  const char *path;
  const char *package;  // npm package whose package.json is nearest above it; "" none
  const char *version;  // of the package
  const char *build_id; // hexadecimal
  uint32_t flags;       // enum nck_module_flags
  uint32_t napi_version;
  uint32_t n_loads;
  uint64_t n_calls; // made with the envs that are still known
  bool used;        // a stack or a finding names it
};

struct nck_report_frame {
  const char *function;                   // demangled; "" unknown
  const char *file;                       // base name of the source file; "" unknown
  const char *path;                       // the source file, absolute where that is known
  uint32_t line, column;                  // 0 unknown
  const struct nck_report_module *module; // NULL unknown
  uint64_t offset;                        // in the module, as objdump and addr2line count
  uint64_t function_offset; // from the start of the function, when there is a name but no line
  bool inlined;             // into the frame that follows
  bool addon;               // the addon's own code
  bool binding; // of node-addon-api, napi-rs or a standard library: the frame behind it says more
};

struct nck_report_js_frame {
  const char *function;
  const char *file; // base name
  const char *path; // path or URL
  uint32_t line, column;
};

// A stack in one role. Frames are innermost first; those of the runtime and of napicheck are left
// out.
struct nck_report_stack {
  const char *role; // created, deleted, used, ...
  const struct nck_report_frame *frames;
  uint32_t n_frames;
  const struct nck_report_js_frame *js; // at the same point, where it was taken
  uint32_t n_js;
};

// The frame that names a call site: the innermost of the addon's own code that is not a binding
// layer's. NULL for no frame.
const struct nck_report_frame *nck_report_stack_site(const struct nck_report_stack *stack);

struct nck_report_thread {
  uint32_t id; // row of the record: 1, 2, ...; 0 unknown
  uint32_t tid;
  const char *name;
  bool is_main, ended;
};

// A call site and what became of its objects.
struct nck_report_fate {
  const char *verb; // deleted, referenced, unreferenced, collected, teardown
  uint64_t count;
  struct nck_report_stack stack;
};

struct nck_report_site {
  const char *label; // what napicheck_label called its objects; ""
  enum nck_object_kind kind;
  const char *function;                   // the Node-API function
  const struct nck_report_module *module; // NULL unknown
  struct nck_report_stack stack;
  const char *class_name; // of the first values that references held; "" unknown
  bool init;              // made while the module initialised
  uint64_t created, released, live, peak, bytes, released_at_teardown;
  uint32_t first_ms, last_ms;
  const struct nck_series *series; // a copy; NULL none
  const struct nck_report_fate *fates;
  uint32_t n_fates;
};

// What was done to references, in its order; those that were treated alike together
// (history=full).
struct nck_report_step {
  const char *action; // created, referenced, unreferenced, deleted, collected, torn down, more
  bool count_known;
  uint64_t count; // the reference's, after it
  bool repeated;  // this one, or it and the one before it, came again and again
  uint64_t place; // equal where its innermost frame is the same
  struct nck_report_stack stack;
};

struct nck_report_history {
  uint64_t count; // references
  bool ended;     // those of others of the call site, which were deleted
  const struct nck_report_step *steps;
  uint32_t n_steps;
};

// "unreferenced (1) in drop at cache.c:37"
const char *nck_history_step_text(struct nck_arena *arena, const struct nck_report_step *step);

struct nck_report_process;

// How many of a finding's objects are of which env.
struct nck_report_share {
  uint32_t env; // row
  uint64_t count;
};

// Where copies of a held object were found.
struct nck_report_place {
  const char *text; // "static data of addon.node (g_cache+0x8)"
  uint64_t count;
};

// What the references behind a finding refer to.
struct nck_report_value {
  const char *type; // object, function, ArrayBuffer, ...
  uint64_t count;
  uint64_t bytes; // of memory, shared memory once
};

enum nck_report_state {
  NCK_FINDING_COUNTS,     // on the list
  NCK_FINDING_SUPPRESSED, // by a suppression file
  NCK_FINDING_BASELINE    // accepted earlier
};

struct nck_report_finding {
  enum nck_finding_kind kind;
  enum nck_severity severity;
  enum nck_report_state state;
  const char *evidence; // lost, growing, held, live, queued; "" for findings that are events
  uint64_t count;
  uint64_t bytes; // of memory that its references hold, where known
  const struct nck_report_value *values;
  uint32_t n_values;
  const char *fingerprint;   // 16 hexadecimal digits
  const char *message;       // one paragraph, all values
  const char *reason;        // why it is no more than a warning or a note; ""
  const char *suppression;   // a ready line
  const char *suppressed_by; // the line that did; ""
  const struct nck_report_process *process;
  const struct nck_report_module *module; // NULL unknown
  uint32_t env;                           // row: 1, 2, ...; 0 unknown
  uint32_t n_envs;                        // how many envs it stands for
  const struct nck_report_share *shares;  // of the first of them; leaks only
  uint32_t n_shares;
  struct nck_report_thread thread;
  uint64_t first_ms, last_ms; // since the start of the process
  bool init;                  // made while the module initialised
  const struct nck_report_stack *stacks;
  uint32_t n_stacks;
  const struct nck_report_place *places;
  uint32_t n_places;
  const struct nck_report_history *histories; // its own first
  uint32_t n_histories;
  const char *const *facts; // further lines: what the values are, how others of the site ended
  uint32_t n_facts;
  const struct nck_report_site *site; // NULL for findings without one
};

struct nck_report_finalizer {
  uint64_t order;
  const char *phase; // gc, cleanup-hook, teardown
  const char *kind;
  const struct nck_report_process *process;
  const struct nck_report_module *module; // NULL unknown
  uint32_t env;
  uint32_t ms;
  bool deferred;        // ran in a turn of the event loop after the collection
  const char *site;     // function that handed it over
  const char *function; // the finalizer's own name
};

struct nck_report_failed_call {
  const char *function, *status;
  const struct nck_report_process *process;
  uint32_t env;
  uint64_t count;
  struct nck_report_stack stack;
};

// Handles made by one native callback.
struct nck_report_profile {
  const char *callback; // its name; "" outside any callback
  const struct nck_report_process *process;
  const struct nck_report_module *module; // NULL unknown
  uint64_t n_handles, n_calls, peak_handles;
  struct nck_report_stack peak_stack;
};

// An env: one for each addon in each thread that loads it. Number i of a process is row i + 1.
struct nck_report_env {
  const struct nck_report_module *module; // NULL unknown
  struct nck_report_thread thread;
  bool ended;
  const char *end_reason;        // how its end was seen; ""
  const char *values;            // are values judged: judged, runtime, v8, off
  uint32_t created_ms, ended_ms; // the latter 0: not before the end of the process
  uint64_t n_calls;
  uint64_t n_lost, n_held; // objects judged so
};

struct nck_report_process {
  uint32_t pid, ppid;
  const char *record; // path
  const char *const *argv;
  uint32_t n_argv;
  const char *exe, *cwd;
  const char *runtime_name, *runtime_version;
  const char *runtime; // both, for people
  uint32_t runtime_napi;
  const char *end_how; // exit, signal, running, exec
  int32_t end_code;    // exit status or signal; 0 unknown
  bool end_in_call;    // exit was called inside a native call
  bool end_known;      // false: it was killed, or vanished
  uint64_t start_wall_ms;
  uint64_t duration_ms;
  uint64_t n_calls, n_failed_calls;
  uint64_t n_gc_seen;
  uint32_t n_watched, n_forwarded;
  const char *const *unwatched; // functions of the runtime that napicheck does not know
  uint32_t n_unwatched;
  uint32_t blind_ms; // since when the tool did not judge any more; 0 it did
  const char *blind_reason;
  bool scanned;
  const char *scan_reason; // why there was no scan
  uint64_t scan_bytes, scan_ns, own_bytes, overhead_ns, record_bytes;
  const struct nck_report_module *const *modules; // addons first, then others that stacks name
  uint32_t n_modules;
  struct nck_report_env *envs; // the first of them, where there are very many
  uint32_t n_envs;
  struct nck_counter counters[NCK_N_KINDS];
  int64_t external_bytes;
};

struct nck_report_summary {
  uint64_t by_severity[NCK_N_SEVERITIES]; // findings that count
  uint64_t suppressed, baseline;
  uint64_t leaked[NCK_N_KINDS]; // objects behind findings of severity leak
  uint64_t leaked_bytes;        // of memory that they hold, where known
  bool failed;                  // findings of fail_on remain
  bool require_failed;
  const char *require;
  int verdict;   // 0, exitcode= (23), 24: what napicheck thinks
  int own_code;  // the program's own status; 128 + N after signal N
  int exit_code; // what the process ends with
  bool replaced; // but for another program that has taken its place, with a status of its own
};

struct nck_report_suppression {
  const char *text; // the line
  const char *file;
  uint32_t line;
  uint64_t n_findings, n_objects; // it applied to
  const char *note;               // expired, or max exceeded; ""
};

struct nck_report {
  struct nck_arena arena;
  uint32_t root_pid; // of the run
  uint64_t root_start_ticks;
  // Growing arrays of pointers into the arena; freed by nck_report_drop.
  struct nck_report_process **processes;
  size_t n_processes, processes_capacity;
  struct nck_report_finding **findings; // worst first after nck_report_sort
  size_t n_findings, findings_capacity;
  struct nck_report_site **sites; // only when asked for
  size_t n_sites, sites_capacity;
  struct nck_report_finalizer **finalizers;
  size_t n_finalizers, finalizers_capacity;
  struct nck_report_failed_call **failed;
  size_t n_failed, failed_capacity;
  struct nck_report_profile **profiles;
  size_t n_profiles, profiles_capacity;
  struct nck_report_suppression **suppressions;
  size_t n_suppressions, suppressions_capacity;
  const char *default_suppressions; // of the addons and programs, lines; NULL none
  const char **notes;               // about the report itself
  size_t n_notes, notes_capacity;
  bool notes_matter; // to those who asked for no more than findings
  struct nck_report_summary summary;
};

// Appends a zeroed item that lives in the arena.
struct nck_report_process *nck_report_add_process(struct nck_report *report);
struct nck_report_finding *nck_report_add_finding(struct nck_report *report);
struct nck_report_site *nck_report_add_site(struct nck_report *report);
struct nck_report_finalizer *nck_report_add_finalizer(struct nck_report *report);
struct nck_report_failed_call *nck_report_add_failed_call(struct nck_report *report);
struct nck_report_profile *nck_report_add_profile(struct nck_report *report);
struct nck_report_suppression *nck_report_add_suppression(struct nck_report *report);
void nck_report_add_note(struct nck_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The worst first: errors, leaks, warnings, notes; within them the largest count.
void nck_report_sort(struct nck_report *report);
void nck_report_drop(struct nck_report *report);

// "97.0 MiB"
const char *nck_bytes_text(struct nck_arena *arena, uint64_t bytes);

// "make_ref at addon.c:14", "make_ref+0x1f (addon.node)", "addon.node+0x1365".
const char *nck_report_frame_text(struct nck_arena *arena, const struct nck_report_frame *frame);

// Takes `.`, `..` and double slashes out of a path, in place, which has room for one byte more.
// What leads above a relative path's start stays.
void nck_report_normalise(char *path);

#endif
