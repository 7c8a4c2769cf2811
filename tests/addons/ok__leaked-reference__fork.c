/*
 * ok__leaked-reference__fork.c - forks with a live reference that is deleted by the parent later.
 */
#include "addon.h"

#include <sys/wait.h>
#include <unistd.h>

static napi_ref kept;

static napi_value run(napi_env env, napi_callback_info info) {
  MUST(napi_create_reference(env, addon_object(env), 1, &kept));
  int status = 0;
  pid_t child = fork();
  if (child == 0)
    _exit(11);
  MUST_BE(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 11);
  child = fork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "exit 12", (char *)NULL);
    _exit(1);
  }
  MUST_BE(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 12);
  MUST(napi_delete_reference(env, kept));
  return NULL;
}

ADDON_EXPORTS({"run", run})
