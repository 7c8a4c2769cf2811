/*
 * reference-double-delete__tail.c - the last call of each callback takes the place of its frame, as
 * compilers make it of functions that return nothing.
 */
#include "addon.h"

static napi_ref dead;
static napi_async_work work;

/* What is left of each is where it begins. */
static void on_collected(napi_env env, void *data, void *hint) {
  napi_delete_reference(env, dead); /* DEFECT used */
}

static void on_hook(void *env) { napi_delete_reference((napi_env)env, dead); } /* DEFECT hook */

static void execute(napi_env env, void *data) {}

static void complete(napi_env env, napi_status status, void *data) { /* DEFECT complete */
  MUST(napi_delete_async_work(env, work));
  napi_delete_reference(env, dead);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value external, name;
  MUST(napi_create_reference(env, addon_object(env), 1, &dead));
  MUST(napi_delete_reference(env, dead));
  MUST(napi_create_external(env, &dead, on_collected, NULL, &external));
  MUST(napi_add_env_cleanup_hook(env, on_hook, env));
  MUST(napi_create_string_utf8(env, "tail", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, NULL, &work));
  MUST(napi_queue_async_work(env, work));
  return NULL;
}

ADDON_EXPORTS({"run", run})
