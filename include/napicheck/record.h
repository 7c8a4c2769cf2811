// record.h: the layout of a record, the file that a watched process leaves behind.
//
// The one interface between shim/ (writes, inside a stranger's process) and reports/ (reads, in
// ours). A record is a header, then chunks of fixed-layout tables at page-aligned offsets, named by
// the directory in the header. It holds no pointers of its own: rows name one another by index. Row
// 0 of every table is empty, so that index 0 means "none". The writer never moves a row and
// publishes a chunk only when it is backed by storage, so a reader may map a record at any moment,
// also of a running or a killed process. A change of any layout here raises NCK_RECORD_VERSION.
#ifndef NAPICHECK_RECORD_H
#define NAPICHECK_RECORD_H

#include <stdint.h>

#define NCK_RECORD_MAGIC "NAPICHK\n"
#define NCK_RECORD_VERSION 6u
#define NCK_RECORD_SUFFIX ".napicheck"
#define NCK_RECORD_PAGE_BYTES 4096u
#define NCK_RECORD_HEADER_BYTES 131072u
#define NCK_RECORD_MAX_CHUNKS 2048u

// What the addon holds. The order is part of the layout.
enum nck_object_kind {
  NCK_KIND_NONE,
  NCK_KIND_REFERENCE,           // napi_ref made by napi_create_reference
  NCK_KIND_ASYNC_WORK,          // napi_async_work
  NCK_KIND_THREADSAFE_FUNCTION, // napi_threadsafe_function
  NCK_KIND_DEFERRED,            // napi_deferred
  NCK_KIND_HANDLE_SCOPE,        // handle and escapable handle scopes
  NCK_KIND_HANDLE,              // napi_value
  NCK_KIND_WRAP,                // napi_wrap, napi_add_finalizer (their finalizers)
  NCK_KIND_EXTERNAL,            // externals, external buffers, array buffers and strings
  NCK_KIND_ASYNC_CONTEXT,       // napi_async_context
  NCK_KIND_CLEANUP_HOOK,        // env cleanup hooks, synchronous and asynchronous
  NCK_KIND_CALLBACK,            // JavaScript functions made from native callbacks
  NCK_KIND_CALLBACK_SCOPE,      // napi_callback_scope
  NCK_KIND_INSTANCE_DATA,       // napi_set_instance_data
  NCK_N_KINDS
};

enum nck_table {
  NCK_TABLE_STRING, // char[]: NUL-terminated UTF-8; a string's index is its first byte's
  NCK_TABLE_MODULE, // struct nck_module
  NCK_TABLE_THREAD, // struct nck_thread
  NCK_TABLE_ENV,    // struct nck_env_row
  NCK_TABLE_STACK, // uint64_t[]: a stack is one word (number of frames), then its frames, innermost
                   // first
  NCK_TABLE_SITE,  // struct nck_site
  NCK_TABLE_SERIES,    // struct nck_series
  NCK_TABLE_OBJECT,    // struct nck_object
  NCK_TABLE_FATE,      // struct nck_fate
  NCK_TABLE_FINDING,   // struct nck_finding
  NCK_TABLE_FINALIZER, // struct nck_finalizer_row, a ring of NCK_FINALIZER_RING rows
  NCK_TABLE_FAILED,    // struct nck_failed_call
  NCK_TABLE_PROFILE,   // struct nck_profile
  NCK_N_TABLES
};

// A frame of a stack: module row (16 bits), exact flag, offset from the module's load bias (47
// bits). A frame that is not exact is a return address: look up its offset minus one.
#define NCK_FRAME_OFFSET_MASK 0x7fffffffffffull
#define NCK_FRAME_EXACT 0x800000000000ull
#define NCK_FRAME_MODULE(frame) ((uint32_t)((frame) >> 48))
#define NCK_FRAME_OFFSET(frame) ((frame)&NCK_FRAME_OFFSET_MASK)
#define NCK_FRAME_MAKE(module, offset) ((uint64_t)(module) << 48 | ((offset)&NCK_FRAME_OFFSET_MASK))

enum nck_module_flags {
  NCK_MODULE_ADDON = 1,      // registered itself with Node-API
  NCK_MODULE_RUNTIME = 2,    // the executable or libnode
  NCK_MODULE_OURS = 4,       // libnapicheck.so
  NCK_MODULE_V8 = 8,         // imports V8's C++ symbols: no handle tags
  NCK_MODULE_UNLOADED = 16,  // not mapped any more
  NCK_MODULE_UNWATCHED = 32, // left out by modules=, or NCK_MODULE_NEWER
  NCK_MODULE_SYSTEM = 64,    // libc and the like
  NCK_MODULE_NEWER = 128     // uses a function of the runtime that we do not know
};

struct nck_module {
  uint64_t bias;      // load bias of the last mapping (dlpi_addr)
  uint64_t low, high; // address range of the last mapping
  uint32_t path;      // string
  uint32_t flags;     // enum nck_module_flags
  uint32_t n_loads;
  uint32_t napi_version; // declared by the module; 0 unknown, 2147483647 experimental
  uint8_t build_id[20];
  uint8_t build_id_bytes;
  uint8_t pad[3];
};

struct nck_thread {
  uint32_t tid;     // kernel's thread id
  uint32_t is_main; // 1: the process's first thread
  uint32_t ended;
  uint32_t pad;
  char name[16]; // NUL-terminated, as in /proc/self/task/TID/comm
};

struct nck_counter {
  uint64_t created, released;
  uint64_t live, peak;
};

enum nck_env_state {
  NCK_ENV_ALIVE = 1,
  NCK_ENV_CLEANING = 2, // the cleanup hooks are running or have run; finalizers follow
  NCK_ENV_ENDED = 3
};
enum nck_env_flags {
  NCK_ENV_TAGGED = 1,          // handles carry scope tags
  NCK_ENV_UNTAGGED_V8 = 2,     // no tags: the module imports V8's C++ symbols
  NCK_ENV_UNTAGGED_RUNTIME = 4 // no tags: napi_value is not a pointer on this runtime
};

struct nck_env_row {
  uint64_t env; // the runtime's pointer, for identification only
  uint32_t thread;
  uint32_t module;
  uint32_t birth_stack;
  uint32_t state; // enum nck_env_state
  uint32_t flags; // enum nck_env_flags
  uint32_t napi_version;
  uint32_t created_ms, ended_ms;
  uint32_t end_reason; // string: how its end was seen
  uint32_t pad;
  uint64_t n_calls;
  int64_t external_bytes; // sum of napi_adjust_external_memory
  uint64_t n_failed_calls;
  uint64_t n_gc_seen; // collections seen through finalizers of ours
  uint64_t pad_to_576[6];
  struct nck_counter counters[NCK_N_KINDS];
};

// A call site: where objects of one kind are made. One row for each (kind, function, stack).
enum nck_site_flags {
  NCK_SITE_INIT = 1, // made while a module initialised
  NCK_SITE_TOLD = 2  // what a worker lost of it was said when the worker ended
};
struct nck_site {
  // What changes with each object: one line of the cache.
  uint64_t created, released;
  uint32_t live, peak;
  uint32_t last_ms;
  uint32_t last_turn;   // of nck_record_header.n_turns, at its last creation
  uint32_t least, most; // live objects since the last bucket of its series began
  uint32_t bucket_end;  // when that bucket ends, in ms; 0: its series is complete without this row
  uint32_t first_turn;  // as last_turn, at its first creation
  uint32_t n_turns;     // different turns in which it created something
  uint32_t first_ms;
  uint32_t series; // series row
  uint32_t released_at_teardown;

  uint64_t bytes; // external bytes of what lives, where known
  uint32_t stack;
  uint16_t kind;             // enum nck_object_kind
  uint16_t function;         // index into the function table, see nck_record_header.functions
  uint32_t module;           // the addon
  uint32_t flags;            // enum nck_site_flags
  uint32_t js_stack;         // string: see nck_finding.js_stack
  uint32_t weak_at_teardown; // references with count 0 among those released at teardown
  uint32_t label;            // string: the names that napicheck_label gave to its objects
  uint32_t class_name;       // string: of the values that references hold, first seen
  uint32_t hash_next;        // the writer's own
  uint32_t pad[5];
};

// Live counts over time. Buckets of equal length; when all are full, neighbours are merged and the
// length doubles. A bucket in which nothing happened has n_events 0 and repeats the state of the
// one before it. What the last bucket says of a site is what stood when it began: the rest is in
// the site's row (nck_record_site_series in reports/read.h puts both together).
#define NCK_SERIES_BUCKETS 62
struct nck_series_bucket {
  uint32_t min, max, last; // live objects of the site within the bucket
  uint32_t n_events;       // not 0: there were creations or releases
};
struct nck_series {
  uint32_t start_ms; // of bucket 0
  uint32_t bucket_ms;
  uint32_t n_buckets; // in use
  uint32_t site;
  uint32_t lock; // the writer's own
  uint32_t
      created_before; // what the site had created when its n_turns became the greatest power of
  uint32_t created_long_before; // two so far, and the one before that
  uint32_t pad;
  struct nck_series_bucket buckets[NCK_SERIES_BUCKETS];
};

enum nck_object_state {
  NCK_OBJECT_FREE,
  NCK_OBJECT_LIVE,
  NCK_OBJECT_DEAD // released; kept for a while so that a later use can be explained
};
enum nck_object_flags {
  NCK_OBJECT_INIT = 1,             // made while a module initialised
  NCK_OBJECT_WRAP = 2,             // reference returned by napi_wrap
  NCK_OBJECT_FINALIZER = 4,        // reference returned by napi_add_finalizer
  NCK_OBJECT_IGNORED = 8,          // napicheck_ignore, napicheck_disable
  NCK_OBJECT_ENV_ENDED = 16,       // its env ended while it lived
  NCK_OBJECT_VALUE_DEAD = 32,      // the value was seen to be collected
  NCK_OBJECT_QUEUED = 64,          // async work: queued or running
  NCK_OBJECT_UNREFED = 128,        // threadsafe function: does not keep the loop alive
  NCK_OBJECT_CLOSING = 256,        // threadsafe function: released to zero or aborted
  NCK_OBJECT_DURING_TEARDOWN = 512 // released while its env was ending
};
// What a reference refers to, from napi_valuetype + 1 on: what is an object of these kinds.
enum nck_value_type {
  NCK_VALUE_ARRAYBUFFER = 16,
  NCK_VALUE_VIEW, // typed arrays, buffers
  NCK_VALUE_DATAVIEW,
  NCK_VALUE_ARRAY,
  NCK_VALUE_PROMISE,
  NCK_VALUE_DATE,
  NCK_VALUE_ERROR,
  NCK_N_VALUES
};
static inline int nck_value_has_memory(uint8_t type) {
  return type >= NCK_VALUE_ARRAYBUFFER && type <= NCK_VALUE_DATAVIEW;
}
// Of such a reference's memory the length, and above it some bits of a hash of its address, so that
// values that share their memory can be told.
#define NCK_MEMORY_BYTES_BITS 38
#define NCK_MEMORY_BYTES_MASK ((1ull << NCK_MEMORY_BYTES_BITS) - 1)

enum nck_evidence {
  NCK_EVIDENCE_NONE,   // never looked for
  NCK_EVIDENCE_LOST,   // no copy anywhere
  NCK_EVIDENCE_STATIC, // held: data segment of held_module at held_offset
  NCK_EVIDENCE_HEAP,   // held: heap or anonymous memory
  NCK_EVIDENCE_STACK,  // held: live stack of thread held_offset (tid)
  NCK_EVIDENCE_SHARED, // held: shared mapping
  NCK_EVIDENCE_OTHER   // held: somewhere else (thread-local storage, ...)
};

struct nck_object {
  uint64_t real; // the runtime's pointer
  uint32_t generation;
  uint8_t kind;        // enum nck_object_kind
  uint8_t state;       // enum nck_object_state
  uint16_t flags;      // enum nck_object_flags
  uint32_t env;        // env row
  uint32_t site;       // where it was made
  uint32_t end_stack;  // where it was released; of one that is lost: where (loss=1)
  uint32_t last_stack; // the last ref, unref, acquire, release, queue
  uint32_t count;      // reference count, or threads of a threadsafe function
  uint32_t created_ms;
  uint32_t next;      // the writer's own while free; else its last step of history: fate row
  uint8_t value_type; // napi_valuetype + 1, or enum nck_value_type; 0 unknown
  uint8_t evidence;   // enum nck_evidence
  uint16_t held_module;
  uint64_t held_offset;
  uint64_t data; // a record of ours; of a reference to memory: NCK_MEMORY_BYTES_BITS
};

// How objects of a site ended, and what was done to those that live: one row for each (site, verb,
// stack).
enum nck_fate_verb {
  NCK_FATE_DELETED = 1,
  NCK_FATE_REF,
  NCK_FATE_UNREF,
  NCK_FATE_COLLECTED,
  NCK_FATE_TEARDOWN,
  NCK_FATE_CREATED, // of histories alone
  NCK_FATE_MORE     // the same: what follows was not kept
};
// With history=full the table holds steps of histories as well, which the verb tells: `site` is
// then the row of the step before, which always stands before its own, and `count` how many objects
// ended with this step. The first step's `site` is a site, and `stack` the count that the object
// was made with. A live object names its last step.
#define NCK_STEP 0x100u
#define NCK_STEP_FIRST 0x200u
#define NCK_STEP_REPEATED 0x400u // this one, or it and the one before it, came more than once more
#define NCK_STEP_VERB_MASK 0xffu
#define NCK_STEP_DEPTH_SHIFT 16
#define NCK_HISTORY_MOST_STEPS 24
struct nck_fate {
  uint32_t site;
  uint32_t stack;
  uint32_t verb;      // enum nck_fate_verb
  uint32_t hash_next; // the writer's own
  uint64_t count;
};

enum nck_role {
  NCK_ROLE_NONE,
  NCK_ROLE_CREATED,
  NCK_ROLE_DELETED,
  NCK_ROLE_USED,
  NCK_ROLE_OPENED,
  NCK_ROLE_CLOSED,
  NCK_ROLE_QUEUED,
  NCK_ROLE_BIRTH,    // of the env
  NCK_ROLE_CALLBACK, // the native callback in which it happened
  NCK_ROLE_RELEASED,
  NCK_ROLE_FAILED, // the call that failed first
  NCK_ROLE_OWNER,
  NCK_ROLE_FIRST, // the first of two
  NCK_ROLE_LOST,  // where the memory that held the last copy was given back
  NCK_N_ROLES
};

// Severity as the event itself decides it; the reader may only lower it (suppressions), never raise
// it.
enum nck_severity {
  NCK_SEVERITY_NOTE = 1,
  NCK_SEVERITY_WARNING,
  NCK_SEVERITY_LEAK,
  NCK_SEVERITY_ERROR
};

// What was seen at the moment of an event; one row for each (kind, severity, module, first stack,
// second stack). Leaks are not here: the reader judges them from objects, sites and series.
#define NCK_FINDING_STACKS 4
struct nck_finding {
  uint16_t kind; // enum nck_finding_kind, of findings.def
  uint8_t severity;
  uint8_t object_kind;
  uint32_t env;
  uint32_t thread;
  uint32_t module;
  uint16_t function;
  uint16_t pad;
  uint32_t site;
  uint8_t roles[NCK_FINDING_STACKS];   // enum nck_role; 0 ends the list
  uint32_t stacks[NCK_FINDING_STACKS]; // stack indexes
  uint32_t
      js_stack; // string: one frame a line, fields separated by tabs: function, file, line, column
  uint32_t message; // string: everything that is to be said, one paragraph
  uint64_t count;
  uint64_t first_ns, last_ns; // since the start of the record
  uint32_t reason;            // string: why it is only a warning or a note
  uint32_t hash_next;         // the writer's own
};

#define NCK_FINALIZER_RING 4096
enum nck_finalizer_phase {
  NCK_PHASE_GC = 1,
  NCK_PHASE_DEFERRED,
  NCK_PHASE_CLEANUP_HOOK,
  NCK_PHASE_TEARDOWN
};
enum nck_finalizer_kind {
  NCK_FINALIZER_WRAP = 1,
  NCK_FINALIZER_EXTERNAL,
  NCK_FINALIZER_BUFFER,
  NCK_FINALIZER_ADD,
  NCK_FINALIZER_INSTANCE_DATA,
  NCK_FINALIZER_THREADSAFE_FUNCTION,
  NCK_FINALIZER_HOOK,
  NCK_FINALIZER_ASYNC_HOOK,
  NCK_FINALIZER_STRING,
  NCK_FINALIZER_POSTED,
  NCK_FINALIZER_ARRAYBUFFER
};
struct nck_finalizer_row {
  uint64_t order;    // 1, 2, ...
  uint64_t cb_frame; // exact frame of the finalizer's function
  uint32_t env;
  uint32_t stack; // where it was made
  uint16_t phase; // enum nck_finalizer_phase
  uint16_t kind;  // enum nck_finalizer_kind
  uint32_t ms;
  uint64_t data; // the addon's pointer, for identification only
};

struct nck_failed_call {
  uint16_t function;
  uint16_t status; // napi_status
  uint32_t stack;
  uint32_t env;
  uint32_t hash_next; // the writer's own
  uint64_t count;
};

// Handles made by one native callback (row for each callback address), or outside any.
struct nck_profile {
  uint64_t cb_frame; // exact frame of the callback; 0: outside any callback
  uint32_t module;
  uint32_t peak_handles; // most handles alive in one scope
  uint64_t n_handles;
  uint64_t n_calls;
  uint32_t peak_stack; // the call that made the peak
  uint32_t hash_next;  // the writer's own
};

struct nck_chunk {
  uint32_t table; // enum nck_table
  uint32_t pad;
  uint64_t first_row;
  uint64_t n_rows;
  uint64_t offset; // in the file
};

// The reader's answer to napicheck_leak_check: exit status this plus the number of findings.
#define NCK_ANSWER_BASE 100
#define NCK_ANSWER_MOST 100

enum nck_process_state {
  NCK_PROCESS_RUNNING = 1,
  NCK_PROCESS_ENDING = 2, // end_how and end_code are known; the evidence is in
};
enum nck_end {
  NCK_END_UNKNOWN,
  NCK_END_EXIT,         // exit, quick_exit, return of main: end_code is the status
  NCK_END_ABORT,        // abort() was called
  NCK_END_EXIT_IN_CALL, // exit inside a native call
  NCK_END_EXEC          // the process replaced itself
};

struct nck_record_header {
  char magic[8];
  uint32_t version;
  uint32_t header_bytes;
  uint32_t pid, ppid;
  uint64_t start_wall_ns; // CLOCK_REALTIME
  uint64_t start_mono_ns; // CLOCK_MONOTONIC, shared with the reader on one machine
  uint64_t
      start_ticks;  // field 22 of /proc/PID/stat: tells the process from a later one with its pid
  uint64_t end_ns;  // since the start; 0 while it runs
  uint32_t state;   // enum nck_process_state
  uint32_t end_how; // enum nck_end
  int32_t end_code;
  uint32_t exe;                    // string
  uint32_t argv;                   // string: arguments separated by '\n'
  uint32_t cwd;                    // string
  uint32_t runtime_name;           // string: node, bun, deno, libnode
  uint32_t runtime_version;        // string: "20.20.2"
  uint32_t runtime_napi;           // napi_get_version's answer; 0 unknown
  uint32_t options;                // string: the effective NAPICHECK_OPTIONS, for the reader
  uint32_t n_watched, n_forwarded; // functions intercepted
  uint32_t functions; // string: names of all functions, separated by '\n', in the order of
                      // napi_api.def; a function's index is its line, from 0
  uint32_t
      unwatched; // string: functions of the runtime that we do not know, separated by '\n'; 0 none
  uint32_t blind_ms;     // since when the tool stopped judging; 0: it did not
  uint32_t blind_reason; // string
  uint32_t scan_state;   // 0 none, 1 done, 2 failed (reason in scan_reason)
  uint32_t scan_reason;  // string
  uint64_t scan_bytes, scan_ns;
  uint64_t n_finalizers; // ever logged; the ring holds the last NCK_FINALIZER_RING
  uint64_t own_bytes;    // memory of ours outside the record
  uint64_t overhead_ns;  // start-up and end, verbosity 2
  struct nck_counter ended_envs[NCK_N_KINDS]; // counters of envs whose rows were used again
  uint64_t ended_calls;
  uint32_t n_turns; // turns of event loops since the first call of an addon; 0: cannot be told here
  uint32_t collections; // series row whose buckets are collections of a whole heap: their first and
                        // last time in min and max, the turn of the last of them, and how many; 0:
                        // none, or the runtime does not tell
  uint64_t n_rows[NCK_N_TABLES]; // in use, row 0 included
  uint32_t row_bytes[NCK_N_TABLES];
  uint32_t n_chunks;             // published with release order
  uint32_t default_suppressions; // string: napicheck_default_suppressions' answer, lines
  struct nck_chunk chunks[NCK_RECORD_MAX_CHUNKS];
};

_Static_assert(sizeof(struct nck_object) == 64, "an object's row is part of the contract");
// A chunk holds whole rows and whole pages: odd row sizes would make the smallest chunk large.
_Static_assert(sizeof(struct nck_site) == 128, "its first line is the one that changes");
_Static_assert(sizeof(struct nck_series) == 1024, "four series fill a page");
_Static_assert(sizeof(struct nck_env_row) == 576, "64 rows of envs fill nine pages");
_Static_assert(sizeof(struct nck_record_header) <= NCK_RECORD_HEADER_BYTES,
               "the header has its own pages");

#endif
