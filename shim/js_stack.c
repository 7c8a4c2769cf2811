// js_stack.c: the JavaScript stack of the running call, without running JavaScript.
//
// V8's own StackTrace is asked through the C++ symbols that Node exports for addons: it formats
// nothing, so it runs neither the program's Error.prepareStackTrace nor its source maps. Their
// calling convention is that of the Itanium C++ ABI: `this` first, and a v8::Local is one pointer.
// Where they are missing (Deno, Bun) an error's `stack` is read, but only where the program has not
// put a prepareStackTrace of its own (Bun has one from the beginning).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "finding.h"
#include "frame.h"
#include "interpose.h"
#include "options.h"
#include "recorder.h"

enum { MAX_FRAMES = 16, TEXT_BYTES = 4096, PART_BYTES = 512, DETAILED = 0x7f };

struct v8_location {
  int line, column; // from 0
};

static struct {
  void *(*isolate_current)(void);
  void *(*current_stack)(void *isolate, int frames, int options);
  int (*frame_count)(const void *trace);
  void *(*frame)(const void *trace, void *isolate, uint32_t index);
  void *(*function_name)(const void *frame);
  void *(*script_name)(const void *frame);
  struct v8_location (*location)(const void *frame);
} v8;

static pthread_once_t v8_once = PTHREAD_ONCE_INIT;

static void v8_find(void) {
  if (nck_interposed.runtime != NCK_RUNTIME_NODE && nck_interposed.runtime != NCK_RUNTIME_LIBNODE)
    return;
  *(void **)&v8.isolate_current = dlsym(RTLD_DEFAULT, "_ZN2v87Isolate13TryGetCurrentEv");
  *(void **)&v8.frame_count = dlsym(RTLD_DEFAULT, "_ZNK2v810StackTrace13GetFrameCountEv");
  *(void **)&v8.frame = dlsym(RTLD_DEFAULT, "_ZNK2v810StackTrace8GetFrameEPNS_7IsolateEj");
  *(void **)&v8.function_name = dlsym(RTLD_DEFAULT, "_ZNK2v810StackFrame15GetFunctionNameEv");
  *(void **)&v8.script_name =
      dlsym(RTLD_DEFAULT, "_ZNK2v810StackFrame24GetScriptNameOrSourceURLEv");
  *(void **)&v8.location = dlsym(RTLD_DEFAULT, "_ZNK2v810StackFrame11GetLocationEv");
  if (v8.isolate_current != NULL && v8.frame_count != NULL && v8.frame != NULL &&
      v8.function_name != NULL && v8.script_name != NULL && v8.location != NULL)
    *(void **)&v8.current_stack =
        dlsym(RTLD_DEFAULT,
              "_ZN2v810StackTrace17CurrentStackTraceEPNS_7IsolateEiNS0_17StackTraceOptionsE");
}

// Appends a part without the characters that separate fields and frames.
static size_t put(char *text, size_t at, const char *part) {
  for (; *part != '\0' && at < TEXT_BYTES - 1; part++)
    text[at++] = *part == '\t' || *part == '\n' ? ' ' : *part;
  return at;
}

static void string_of(napi_env env, void *local, char *part) {
  part[0] = '\0';
  if (local != NULL &&
      nck_real.napi_get_value_string_utf8(env, local, part, PART_BYTES, NULL) != napi_ok)
    part[0] = '\0';
}

static size_t capture_v8(napi_env env, char *text) {
  void *isolate = v8.isolate_current();
  void *trace = isolate != NULL ? v8.current_stack(isolate, MAX_FRAMES, DETAILED) : NULL;
  if (trace == NULL)
    return 0;
  size_t at = 0;
  int n = v8.frame_count(trace);
  for (int i = 0; i < n && i < MAX_FRAMES; i++) {
    char part[PART_BYTES];
    void *frame = v8.frame(trace, isolate, (uint32_t)i);
    if (frame == NULL)
      break;
    size_t start = at;
    string_of(env, v8.function_name(frame), part);
    at = put(text, at, part);
    at = at < TEXT_BYTES - 1 ? (text[at] = '\t', at + 1) : at;
    string_of(env, v8.script_name(frame), part);
    at = put(text, at, strncmp(part, "file://", 7) == 0 ? part + 7 : part);
    struct v8_location location = v8.location(frame);
    snprintf(part, sizeof part, "\t%d\t%d\n", location.line + 1, location.column + 1);
    size_t length = strlen(part);
    if (at + length >= TEXT_BYTES)
      return start; // whole frames only
    memcpy(text + at, part, length);
    at += length;
  }
  return at;
}

// "    at fn (file:line:column)" or "    at file:line:column" of an error's stack.
static size_t parse_error_stack(const char *stack, char *text) {
  size_t at = 0;
  for (const char *line = stack; line != NULL && *line != '\0';) {
    const char *end = strchr(line, '\n');
    size_t length = end != NULL ? (size_t)(end - line) : strlen(line);
    while (length > 0 && *line == ' ')
      line++, length--;
    if (length > 3 && strncmp(line, "at ", 3) == 0) {
      char row[PART_BYTES], function[PART_BYTES] = "";
      snprintf(row, sizeof row, "%.*s", (int)(length - 3), line + 3);
      char *place = row, *open = strrchr(row, '(');
      if (open != NULL && open > row) {
        snprintf(function, sizeof function, "%.*s", (int)(open - row - (open[-1] == ' ')), row);
        place = open + 1;
        char *close = strrchr(place, ')');
        if (close != NULL)
          *close = '\0';
      }
      char *column = strrchr(place, ':'), *number = NULL;
      if (column != NULL) {
        *column++ = '\0';
        number = strrchr(place, ':');
        if (number != NULL)
          *number++ = '\0';
      }
      if (strncmp(place, "file://", 7) == 0)
        place += 7;
      int n = snprintf(text + at, TEXT_BYTES - at, "%s\t%s\t%s\t%s\n", function, place,
                       number != NULL ? number : "0", number != NULL ? column : "0");
      if (n < 0 || (size_t)n >= TEXT_BYTES - at)
        return at;
      at += (size_t)n;
    }
    line = end != NULL ? end + 1 : NULL;
  }
  return at;
}

// Is the global Error still the language's own, and no getter? Its descriptor is asked for.
static bool is_global_error(napi_env env, napi_value error_class) {
  napi_value global, object, prototype, class, describe, arguments[2], descriptor, value;
  napi_valuetype type;
  bool is_own;
  return nck_real.napi_get_global(env, &global) == napi_ok &&
         nck_real.napi_create_object(env, &object) == napi_ok &&
         nck_real.napi_get_prototype(env, object, &prototype) == napi_ok &&
         nck_real.napi_get_named_property(env, prototype, "constructor", &class) == napi_ok &&
         nck_real.napi_get_named_property(env, class, "getOwnPropertyDescriptor", &describe) ==
             napi_ok &&
         nck_real.napi_create_string_utf8(env, "Error", NAPI_AUTO_LENGTH, &arguments[1]) ==
             napi_ok &&
         (arguments[0] = global, nck_real.napi_call_function(env, class, describe, 2, arguments,
                                                             &descriptor)) == napi_ok &&
         nck_real.napi_typeof(env, descriptor, &type) == napi_ok && type == napi_object &&
         nck_real.napi_get_named_property(env, descriptor, "value", &value) == napi_ok &&
         nck_real.napi_strict_equals(env, value, error_class, &is_own) == napi_ok && is_own;
}

// Making the text asks the global Error for its prepareStackTrace. So the class is reached through
// an error's prototype, and where the program has put something else, or a getter, in the place of
// the global one, or where the class has a prepareStackTrace of its own, of whatever kind, there is
// no stack: the program's code would run.
static size_t read_error(napi_env env, char *text) {
  napi_value prototype, error_class, key, message, error, stack;
  bool prepares;
  static __thread char buffer[TEXT_BYTES] __attribute__((tls_model("initial-exec")));
  if (nck_real.napi_create_string_utf8(env, "", 0, &message) != napi_ok ||
      nck_real.napi_create_error(env, NULL, message, &error) != napi_ok ||
      nck_real.napi_get_prototype(env, error, &prototype) != napi_ok ||
      nck_real.napi_get_named_property(env, prototype, "constructor", &error_class) != napi_ok ||
      !is_global_error(env, error_class) ||
      nck_real.napi_create_string_utf8(env, "prepareStackTrace", NAPI_AUTO_LENGTH, &key) !=
          napi_ok ||
      nck_real.napi_has_own_property(env, error_class, key, &prepares) != napi_ok || prepares ||
      nck_real.napi_get_named_property(env, error, "stack", &stack) != napi_ok ||
      nck_real.napi_get_value_string_utf8(env, stack, buffer, sizeof buffer, NULL) != napi_ok)
    return 0;
  return parse_error_stack(buffer, text);
}

static size_t capture_error(napi_env env, char *text) {
  size_t length = read_error(env, text);
  bool pending = false;
  napi_value exception;
  if (nck_real.napi_is_exception_pending(env, &pending) == napi_ok && pending)
    nck_real.napi_get_and_clear_last_exception(env, &exception);
  return length;
}

uint32_t nck_js_stack_capture(struct nck_env *state) {
  const struct nck_frame *frame = nck_tls.frame;
  bool pending = false;
  if (frame == NULL || frame->no_js || frame->state != state || state->foreign ||
      state->state != NCK_ENV_ALIVE || nck_recorder_is_blind())
    return 0;
  pthread_once(&v8_once, v8_find);
  napi_env env = state->env;
  napi_handle_scope scope;
  if (nck_real.napi_is_exception_pending(env, &pending) != napi_ok || pending ||
      nck_real.napi_open_handle_scope(env, &scope) != napi_ok)
    return 0;
  char text[TEXT_BYTES];
  size_t length = v8.current_stack != NULL ? capture_v8(env, text) : capture_error(env, text);
  nck_real.napi_close_handle_scope(env, scope);
  return length > 0 ? nck_recorder_string(text, length - 1) : 0;
}

uint32_t nck_js_class_name(napi_env env, napi_value value) {
  static void *(*constructor_name)(const void *object);
  static bool looked;
  if (!looked) {
    looked = true;
    if (nck_interposed.runtime == NCK_RUNTIME_NODE || nck_interposed.runtime == NCK_RUNTIME_LIBNODE)
      *(void **)&constructor_name = dlsym(RTLD_DEFAULT, "_ZN2v86Object18GetConstructorNameEv");
  }
  char name[128] = "";
  if (constructor_name == NULL ||
      nck_real.napi_get_value_string_utf8(env, constructor_name(value), name, sizeof name, NULL) !=
          napi_ok)
    return 0;
  return nck_recorder_string(name, strlen(name));
}
