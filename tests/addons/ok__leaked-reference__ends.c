/* ok__leaked-reference__ends.c - the same ways to end, and nothing lost. */
#include "addon.h"

#include <assert.h>

#include <signal.h>
#include <unistd.h>

static napi_value run(napi_env env, napi_callback_info info) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

static napi_value end_abort(napi_env env, napi_callback_info info) { abort(); }
static napi_value end_assert(napi_env env, napi_callback_info info) {
  assert(env == NULL);
  return NULL;
}

static napi_value end_exit(napi_env env, napi_callback_info info) { exit(5); }

static napi_value end_quick_exit(napi_env env, napi_callback_info info) { quick_exit(6); }

static napi_value end_underscore_exit(napi_env env, napi_callback_info info) { _exit(7); }

static napi_value end_fatal(napi_env env, napi_callback_info info) {
  napi_fatal_error("end_fatal", NAPI_AUTO_LENGTH, "on purpose", NAPI_AUTO_LENGTH);
}

static napi_value end_segv(napi_env env, napi_callback_info info) {
  *(volatile int *)8 = 1;
  return NULL;
}

static napi_value end_term(napi_env env, napi_callback_info info) {
  raise(SIGTERM);
  return NULL;
}

static napi_value end_exec(napi_env env, napi_callback_info info) {
  execl("/bin/sh", "sh", "-c", "exit 9", (char *)NULL);
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"abort", end_abort}, {"assert", end_assert}, {"exit", end_exit},
              {"quickExit", end_quick_exit}, {"underscoreExit", end_underscore_exit},
              {"fatal", end_fatal}, {"segv", end_segv}, {"term", end_term}, {"exec", end_exec})
