/*
 * leaked-reference__fork.c - forks with live references; only the parent's end is the end of its
 * env.
 */
#include "addon.h"

#include <sys/wait.h>
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

static int wait_for(pid_t child) {
  int status = 0;
  MUST_BE(child > 0);
  MUST_BE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static napi_value fork_underscore_exit(napi_env env, napi_callback_info info) {
  pid_t child = fork();
  if (child == 0)
    _exit(11);
  return addon_number(env, wait_for(child));
}

static napi_value fork_exec(napi_env env, napi_callback_info info) {
  pid_t child = fork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "exit 12", (char *)NULL);
    _exit(1);
  }
  return addon_number(env, wait_for(child));
}

static napi_value vfork_exec(napi_env env, napi_callback_info info) {
  pid_t child = vfork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "exit 13", (char *)NULL);
    _exit(1);
  }
  return addon_number(env, wait_for(child));
}

ADDON_EXPORTS({"run", run}, {"forkUnderscoreExit", fork_underscore_exit}, {"forkExec", fork_exec},
              {"vforkExec", vfork_exec})
