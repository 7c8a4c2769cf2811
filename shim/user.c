// user.c: what an addon, a test or a program says to us (napicheck/napicheck.h).
//
// A mark is a number. Which objects were there before it is kept beside the record: for each slot
// the first mark that found its object alive. So a mark costs one pass over the objects and four
// words a slot, however many marks there are.
#define _GNU_SOURCE
#define NAPICHECK_IMPLEMENTATION
#include "user.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ending.h"
#include "env.h"
#include "forks.h"
#include "frame.h"
#include "napicheck/napicheck.h"
#include "object.h"
#include "options.h"
#include "own.h"
#include "recorder.h"
#include "scan.h"
#include "scope.h"

enum { TEXT_BYTES = 4096, LABEL_BYTES = 200 };

struct slot {
  uint32_t generation; // of the object that the rest is about
  uint32_t mark;       // the first that found it alive; 0: none
  uint32_t label;      // string of the record
};

// Protects the slots and marks; nests in nothing.
static pthread_mutex_t user_lock = PTHREAD_MUTEX_INITIALIZER;
NCK_FORKS_HOLD(user_lock)
static struct slot *slots;
static uint64_t n_slots;
struct mark {
  uint64_t ns;    // of the record
  uint32_t label; // string of the record
};
static struct mark *marks; // [number]
static uint32_t n_marks, max_marks;

static bool is_watching(void) { return nck_active && !nck_recorder_is_blind(); }

// The record has rows only when an addon was loaded.
static uint64_t object_rows(void) {
  return nck_recorder.header != NULL
             ? __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_OBJECT], __ATOMIC_ACQUIRE)
             : 0;
}

static void *grow(void *old, size_t old_bytes, size_t bytes) {
  char *new = nck_own_alloc(bytes);
  if (new == NULL)
    return NULL;
  if (old_bytes > 0)
    memcpy(new, old, old_bytes);
  memset(new + old_bytes, 0, bytes - old_bytes);
  nck_own_free(old, old_bytes);
  return new;
}

// The slot of an object, which is cleared when it was another's. NULL when there is no room.
static struct slot *slot_of(uint64_t row) {
  if (row >= n_slots) {
    uint64_t wanted = n_slots > 0 ? n_slots : 1024;
    while (wanted <= row)
      wanted *= 2;
    struct slot *more = grow(slots, n_slots * sizeof *slots, wanted * sizeof *slots);
    if (more == NULL)
      return NULL;
    slots = more;
    n_slots = wanted;
  }
  struct slot *slot = &slots[row];
  if (slot->generation != nck_recorder.objects[row].generation)
    *slot = (struct slot){.generation = nck_recorder.objects[row].generation};
  return slot;
}

static bool is_live(const struct nck_object *object) {
  return __atomic_load_n(&object->state, __ATOMIC_ACQUIRE) == NCK_OBJECT_LIVE;
}

int napicheck_is_active(void) { return is_watching(); }

unsigned napicheck_checkpoint(const char *label) {
  if (!is_watching())
    return 0;
  int saved = errno;
  pthread_mutex_lock(&user_lock);
  if (n_marks + 1 >= max_marks) {
    uint32_t wanted = max_marks > 0 ? max_marks * 2 : 256;
    struct mark *more = grow(marks, max_marks * sizeof *marks, wanted * sizeof *marks);
    if (more != NULL) {
      marks = more;
      max_marks = wanted;
    }
  }
  unsigned number = n_marks + 1 < max_marks ? ++n_marks : 0;
  if (number != 0 && nck_recorder.header != NULL) {
    marks[number].ns = nck_recorder_ns();
    marks[number].label =
        label != NULL ? nck_recorder_string(label, strnlen(label, LABEL_BYTES)) : 0;
  }
  uint64_t n = number != 0 ? object_rows() : 0;
  for (uint64_t i = 1; i < n; i++) {
    if (!is_live(&nck_recorder.objects[i]))
      continue;
    struct slot *slot = slot_of(i);
    if (slot != NULL && slot->mark == 0)
      slot->mark = number;
  }
  pthread_mutex_unlock(&user_lock);
  errno = saved;
  return number;
}

// --- looking now ---

struct question {
  uint32_t mark;
  uint32_t thread; // row
};

// Made after the mark by an env of this thread that is alive, and not to be left out.
static bool is_asked_for(uint32_t row, const struct question *question) {
  const struct nck_object *object = &nck_recorder.objects[row];
  if (!is_live(object) || object->flags & NCK_OBJECT_IGNORED || object->env == 0)
    return false;
  const struct nck_env_row *env = &nck_recorder.envs[object->env];
  if (env->thread != question->thread || env->state != NCK_ENV_ALIVE)
    return false;
  const struct slot *slot = row < n_slots ? &slots[row] : NULL;
  bool before = slot != NULL && slot->generation == object->generation && slot->mark != 0 &&
                slot->mark <= question->mark;
  return !before;
}

static bool is_wanted(uint32_t row, void *arg) {
  return nck_recorder.objects[row].evidence == NCK_EVIDENCE_NONE && is_asked_for(row, arg);
}

static void examine_values(const struct nck_thread_state *thread) {
  // Where the runtime forbids handles their values stay unknown.
  if (nck_tls.frame == NULL || nck_frame_finalizes())
    return;
  for (struct nck_env *state = thread->envs; state != NULL; state = state->next_on_thread)
    if (state->state == NCK_ENV_ALIVE)
      nck_reference_examine(state);
}

static bool has_news(const struct question *question, uint64_t since_ns) {
  uint64_t n = object_rows();
  for (uint64_t i = 1; i < n; i++)
    if (nck_recorder.objects[i].evidence == NCK_EVIDENCE_LOST &&
        is_asked_for((uint32_t)i, question))
      return true;
  uint64_t n_findings =
      __atomic_load_n(&nck_recorder.header->n_rows[NCK_TABLE_FINDING], __ATOMIC_ACQUIRE);
  for (uint64_t i = 1; i < n_findings; i++)
    if (nck_recorder.findings[i].last_ns > since_ns)
      return true;
  return false;
}

static void forget_evidence(struct nck_object *object) {
  object->evidence = NCK_EVIDENCE_NONE;
  object->held_module = 0;
  object->held_offset = 0;
}

// What is held now may be lost later. What is lost stays so in the record: the process may be
// killed.
static void forget_held(const struct question *question) {
  uint64_t n = object_rows();
  for (uint64_t i = 1; i < n; i++)
    if (nck_recorder.objects[i].evidence != NCK_EVIDENCE_LOST &&
        is_asked_for((uint32_t)i, question))
      forget_evidence(&nck_recorder.objects[i]);
}

static bool has_looked;

void nck_user_forget(const struct nck_thread_state *thread) {
  uint64_t n = __atomic_load_n(&has_looked, __ATOMIC_ACQUIRE) ? object_rows() : 0;
  for (uint64_t i = 1; i < n; i++) {
    struct nck_object *object = &nck_recorder.objects[i];
    if (!is_live(object) || object->env == 0)
      continue;
    const struct nck_env_row *env = &nck_recorder.envs[object->env];
    if (env->state == NCK_ENV_ALIVE && (thread == NULL || env->thread == thread->row))
      forget_evidence(object);
  }
}

int napicheck_leak_check(unsigned checkpoint) {
  if (!is_watching() || nck_recorder.header == NULL)
    return 0;
  int saved = errno, found = 0;
  struct nck_thread_state *thread = nck_thread_current();
  if (thread == NULL)
    return 0;
  pthread_mutex_lock(&user_lock);
  bool known = checkpoint <= n_marks;
  struct mark mark = known && checkpoint > 0 ? marks[checkpoint] : (struct mark){0};
  pthread_mutex_unlock(&user_lock);
  if (known) {
    struct question question = {.mark = checkpoint, .thread = thread->row};
    examine_values(thread);
    // The lock is not held over the search: slots of other threads' objects may change meanwhile,
    // this thread's do not.
    __atomic_store_n(&has_looked, true, __ATOMIC_RELEASE);
    if (nck_options.leak_check)
      nck_scan_run(is_wanted, &question, __builtin_frame_address(0));
    if (has_news(&question, mark.ns))
      found = nck_ending_ask(mark.ns, checkpoint, nck_recorder.strings + mark.label);
    forget_held(&question);
  }
  errno = saved;
  return found;
}

// --- what does not count ---

void napicheck_disable(void) { nck_tls.quiet++; }

void napicheck_enable(void) { nck_tls.quiet -= nck_tls.quiet > 0; }

static struct nck_object *find_object(const void *handle) {
  struct nck_object *object = NULL;
  if (!is_watching() || nck_recorder.header == NULL)
    return NULL;
  enum nck_word word = nck_object_decode(handle, NCK_KIND_REFERENCE, &object);
  return word == NCK_WORD_LIVE || word == NCK_WORD_OTHER ? object : NULL;
}

void napicheck_ignore(const void *handle) {
  struct nck_object *object = find_object(handle);
  if (object != NULL)
    object->flags |= NCK_OBJECT_IGNORED;
}

// --- names ---

static bool has_label(const char *list, const char *text) {
  size_t length = strlen(text);
  for (const char *at = list; (at = strstr(at, text)) != NULL; at += length)
    if ((at == list || at[-1] == ' ') && (at[length] == '\0' || at[length] == ','))
      return true;
  return false;
}

// A site's label is the list of the names that its objects were given. What the object itself was
// called before goes, when it is the last of them: nobody else has come since.
static uint32_t join_labels(uint32_t list, uint32_t own_before, const char *text) {
  char joined[2 * LABEL_BYTES + 8];
  const char *before = nck_recorder.strings + list, *own = nck_recorder.strings + own_before;
  size_t length = list != 0 ? strnlen(before, LABEL_BYTES) : 0;
  size_t own_length = own_before != 0 ? strlen(own) : 0;
  if (own_length > 0 && own_length <= length &&
      memcmp(before + length - own_length, own, own_length) == 0)
    length -= own_length == length ? length : own_length + 2;
  memcpy(joined, before, length);
  joined[length] = '\0';
  if (*text != '\0' && !has_label(joined, text))
    length += (size_t)snprintf(joined + length, sizeof joined - length, "%s%s",
                               length > 0 ? ", " : "", text);
  return nck_recorder_string(joined, length);
}

void napicheck_label(const void *handle, const char *text) {
  int saved = errno;
  struct nck_object *object = find_object(handle);
  if (object != NULL) {
    char label[LABEL_BYTES];
    snprintf(label, sizeof label, "%s", text != NULL ? text : "");
    pthread_mutex_lock(&user_lock);
    struct slot *slot = slot_of((uint64_t)(object - nck_recorder.objects));
    if (slot != NULL) {
      struct nck_site *site = &nck_recorder.sites[object->site];
      site->label = join_labels(site->label, slot->label, label);
      slot->label = nck_recorder_string(label, strlen(label));
    }
    pthread_mutex_unlock(&user_lock);
  }
  errno = saved;
}

// --- defaults ---

static char given_options[TEXT_BYTES], default_options[TEXT_BYTES],
    default_suppressions[TEXT_BYTES];
static bool has_given;

// Adds a text that is not there yet. False when there is nothing to add, or no room.
static bool add_text(char *list, const char *text, char separator) {
  size_t used = strlen(list), length = text != NULL ? strlen(text) : 0;
  if (length == 0 || used + length + 2 > TEXT_BYTES || strstr(list, text) != NULL)
    return false;
  if (used > 0)
    list[used++] = separator;
  memcpy(list + used, text, length + 1);
  return true;
}

static const char *answer_of(void *handle, const char *name) {
  const char *(*ask)(void);
  *(void **)&ask = dlsym(handle, name);
  return ask != NULL ? ask() : NULL;
}

void nck_user_ask(void *handle) {
  int saved = errno;
  if (!has_given) {
    has_given = true;
    snprintf(given_options, sizeof given_options, "%s", nck_options.effective);
  }
  const char *options = answer_of(handle, "napicheck_default_options");
  if (add_text(default_options, options, ':')) {
    nck_options_read(options, NULL, true); // says what is wrong with it
    nck_options_read(default_options, given_options, false);
    nck_handle_limit = nck_options.handle_limit;
    nck_user_write();
  }
  if (add_text(default_suppressions, answer_of(handle, "napicheck_default_suppressions"), '\n'))
    nck_user_write();
  errno = saved;
}

void nck_user_write(void) {
  struct nck_record_header *header = nck_recorder.header;
  if (header == NULL)
    return;
  if (default_options[0] != '\0')
    header->options = nck_recorder_string(nck_options.effective, strlen(nck_options.effective));
  if (default_suppressions[0] != '\0')
    header->default_suppressions =
        nck_recorder_string(default_suppressions, strlen(default_suppressions));
}

// --- JavaScript ---

// link.h declares _DYNAMIC: the dynamic section of the object that this is compiled into.
bool nck_user_is_own(void *handle) {
  struct link_map *map = NULL;
  return dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != NULL && map->l_ld == _DYNAMIC;
}

static napi_value number_of(napi_env env, uint32_t number) {
  napi_value value = NULL;
  nck_real.napi_create_uint32(env, number, &value);
  return value;
}

// The first argument.
static napi_value argument_of(napi_env env, napi_callback_info info) {
  napi_value value = NULL;
  size_t n = 1;
  nck_real.napi_get_cb_info(env, info, &n, &value, NULL, NULL);
  return value;
}

static napi_value js_is_active(napi_env env, napi_callback_info info) {
  napi_value value = NULL;
  (void)info;
  nck_real.napi_get_boolean(env, is_watching(), &value);
  return value;
}

static napi_value js_checkpoint(napi_env env, napi_callback_info info) {
  char label[LABEL_BYTES] = "";
  size_t length;
  nck_real.napi_get_value_string_utf8(env, argument_of(env, info), label, sizeof label, &length);
  return number_of(env, napicheck_checkpoint(label));
}

static napi_value js_leak_check(napi_env env, napi_callback_info info) {
  uint32_t mark = 0;
  nck_real.napi_get_value_uint32(env, argument_of(env, info), &mark);
  return number_of(env, (uint32_t)napicheck_leak_check(mark));
}

// How many objects that somebody has to release were made since a mark and live. Weak references
// are left out: the collector decides when they go.
static napi_value js_live(napi_env env, napi_callback_info info) {
  uint32_t mark = 0, live = 0;
  nck_real.napi_get_value_uint32(env, argument_of(env, info), &mark);
  struct nck_thread_state *thread = nck_recorder.header != NULL ? nck_thread_current() : NULL;
  uint64_t n = thread != NULL && is_watching() ? object_rows() : 0;
  struct question question = {.mark = mark, .thread = n > 0 ? thread->row : 0};
  for (uint64_t i = 1; i < n; i++) {
    const struct nck_object *object = &nck_recorder.objects[i];
    live += is_asked_for((uint32_t)i, &question) && object->count > 0 &&
            object->kind == NCK_KIND_REFERENCE;
  }
  return number_of(env, live);
}

static napi_value js_disable(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  napicheck_disable();
  return NULL;
}

static napi_value js_enable(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  napicheck_enable();
  return NULL;
}

napi_value nck_user_init(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback cb;
  } functions[] = {{"isActive", js_is_active},   {"checkpoint", js_checkpoint},
                   {"leakCheck", js_leak_check}, {"live", js_live},
                   {"disable", js_disable},      {"enable", js_enable}};
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (nck_real.napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].cb,
                                      NULL, &function) == napi_ok)
      nck_real.napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
