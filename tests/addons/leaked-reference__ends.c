/*
 * leaked-reference__ends.c - a lost reference, and every way for a process to end in native code.
 */
#include "addon.h"

#include <assert.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

ADDON_FRAME static void keep_object(napi_env env, napi_value object) {
  napi_ref reference;
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
}

static napi_value run(napi_env env, napi_callback_info info) {
  keep_object(env, addon_object(env));
  addon_scrub_stack();
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

static napi_value end_kill(napi_env env, napi_callback_info info) {
  raise(SIGKILL);
  return NULL;
}

/* Another program takes the place of this one; it inherits the preload. */
static napi_value end_exec(napi_env env, napi_callback_info info) {
  execl("/bin/sh", "sh", "-c", "exit 9", (char *)NULL);
  return NULL;
}

/* execFails(path, bytes): puts that file in the place of this process, with an argument of so many
 * bytes; the errno. */
static napi_value exec_fails(napi_env env, napi_callback_info info) {
  static char argument[1 << 20];
  char path[4096];
  napi_value args[2], result;
  size_t n = 2;
  uint32_t bytes;
  MUST(napi_get_cb_info(env, info, &n, args, NULL, NULL));
  MUST(napi_get_value_string_utf8(env, args[0], path, sizeof path, NULL));
  MUST(napi_get_value_uint32(env, args[1], &bytes));
  memset(argument, 'x', bytes);
  argument[bytes] = '\0';
  char *argv[] = {path, argument, NULL};
  char *envp[] = {NULL};
  execve(path, argv, envp);
  MUST(napi_create_int32(env, errno, &result));
  return result;
}

/* As in many containers: ptrace fails from now on. */
static napi_value forbid_tracing(napi_env env, napi_callback_info info) {
  struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
  napi_value result;
  bool good = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
              prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  MUST(napi_get_boolean(env, good, &result));
  return result;
}

ADDON_EXPORTS({"run", run}, {"abort", end_abort}, {"assert", end_assert}, {"exit", end_exit},
              {"quickExit", end_quick_exit}, {"underscoreExit", end_underscore_exit},
              {"fatal", end_fatal}, {"segv", end_segv}, {"term", end_term}, {"kill", end_kill},
              {"exec", end_exec}, {"execFails", exec_fails}, {"forbidTracing", forbid_tracing})
