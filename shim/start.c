// start.c: the constructor: before main, before any addon.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ending.h"
#include "env.h"
#include "interpose.h"
#include "loader.h"
#include "options.h"
#include "recorder.h"
#include "reference.h"
#include "runtime.h"
#include "say.h"
#include "scope.h"

struct nck_real nck_real;

static const struct nck_function functions[NCK_N_FUNCTIONS] = {
#define NAPI_CALL(name, since, class, ...) {#name, (void **)&nck_real.name, (void *)name},
#define NAPI_HAND(name, since, class) {#name, (void **)&nck_real.name, (void *)name},
#include "napi_api.def"
#undef NAPI_CALL
#undef NAPI_HAND
};

// The program may say what it wants by default, as with LeakSanitizer's __lsan_default_options.
extern const char *napicheck_default_options(void) __attribute__((weak));

const char *nck_runtime_name(void) {
  switch (nck_interposed.runtime) {
  case NCK_RUNTIME_NODE:
  case NCK_RUNTIME_LIBNODE:
    return "node";
  case NCK_RUNTIME_BUN:
    return "bun";
  case NCK_RUNTIME_DENO:
    return "deno";
  default:
    return "other";
  }
}

bool nck_runtime_values_are_boxed(void) {
  return nck_interposed.runtime == NCK_RUNTIME_BUN || nck_interposed.runtime == NCK_RUNTIME_OTHER;
}

bool nck_runtime_has_uv(void) {
  return nck_interposed.runtime == NCK_RUNTIME_NODE ||
         nck_interposed.runtime == NCK_RUNTIME_LIBNODE;
}

static uint32_t node_major, node_minor;

enum nck_answer nck_runtime_keeps_functions(void) {
  if (!nck_runtime_has_uv() || node_major == 0)
    return NCK_UNKNOWN;
  return node_major > 25 || (node_major == 25 && node_minor >= 4) ||
                 (node_major == 24 && node_minor >= 14)
             ? NCK_YES
             : NCK_NO;
}

bool nck_runtime_finalizes_first(void) { return nck_interposed.runtime == NCK_RUNTIME_DENO; }

void nck_runtime_learn(napi_env env) {
  struct nck_record_header *header = nck_recorder.header;
  if (header->runtime_version != 0)
    return;
  const napi_node_version *version = NULL;
  if (nck_real.napi_get_version != NULL)
    nck_real.napi_get_version(env, &header->runtime_napi);
  if (nck_real.napi_get_node_version != NULL &&
      nck_real.napi_get_node_version(env, &version) == napi_ok && version != NULL) {
    char text[64];
    node_major = version->major;
    node_minor = version->minor;
    int n = snprintf(text, sizeof text, "%u.%u.%u", version->major, version->minor, version->patch);
    header->runtime_version = nck_recorder_string(text, (size_t)n);
  }
}

// trace_children=0: a process whose parent is watched with the same library is left alone. Whether
// it is stands in the environment that the parent was started with, at any place of it.
static bool parent_is_watched(void) {
  static const char key[] = "LD_PRELOAD=", name[] = "libnapicheck";
  char path[64], bytes[4096];
  size_t at = 0, n_same = 0; // in the entry; of `name`
  bool is_key = true, is_found = false;
  ssize_t n;

  snprintf(path, sizeof path, "/proc/%d/environ", (int)getppid());
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  while (!is_found && (n = read(fd, bytes, sizeof bytes)) > 0) {
    for (ssize_t i = 0; i < n && !is_found; i++) {
      if (bytes[i] == '\0') {
        at = n_same = 0;
        is_key = true;
        continue;
      }
      if (at < sizeof key - 1)
        is_key = is_key && bytes[i] == key[at];
      else if (is_key)
        n_same = bytes[i] == name[n_same] ? n_same + 1 : bytes[i] == name[0];
      at++;
      is_found = n_same == sizeof name - 1;
    }
  }
  close(fd);
  return is_found;
}

__attribute__((constructor)) static void start(void) {
  uint64_t begin_ns = nck_recorder_ns();
  if (!nck_interpose_start(functions, NCK_N_FUNCTIONS))
    return;
  nck_options_read(napicheck_default_options != NULL ? napicheck_default_options() : NULL,
                   getenv("NAPICHECK_OPTIONS"), true);
  if (nck_options.help)
    nck_options_print();
  if (!nck_options.trace_children && parent_is_watched())
    return;
  nck_handle_limit = nck_options.handle_limit;
  nck_values_early = !nck_runtime_has_uv();
  if (nck_first_look > nck_handle_limit)
    nck_first_look = nck_handle_limit;
  nck_active = true;
  nck_interpose_runtime_slots();
  if (*nck_options_text(NCK_OPTION_require) != '\0')
    nck_ending_register(); // the end of a process without addons counts then
  nck_loader_constructor_ns = nck_recorder_ns() - begin_ns;
}
