/*
 * wrong-thread-call__everywhere.c - every function that needs the env's thread, by name, called on
 * another one: a thread of the addon's own, or that of an execute callback. The env's own thread
 * waits meanwhile. Most refuse what they get before they look at more than the env.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>

typedef napi_status (*any_function)(napi_env env, void *, void *, void *, void *, void *, void *,
                                    void *, void *, void *, void *);

static napi_env the_env;
static any_function the_function;
static void *the_argument; /* only where NULL would be called when the env ends */
static int the_status;
static sem_t is_done;

ADDON_FRAME static napi_status ask(napi_env env, any_function function) {
  napi_status status = function(env, the_argument, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                NULL); /* DEFECT used */
  return status;
}

static void do_nothing(void *arg) {}

static void *on_thread(void *unused) {
  pthread_setname_np(pthread_self(), "decoder");
  the_status = (int)ask(the_env, the_function);
  return unused;
}

static void execute(napi_env env, void *data) {
  the_status = (int)ask(env, the_function);
  MUST_BE(sem_post(&is_done) == 0);
}

static void complete(napi_env env, napi_status status, void *data) {
  MUST(napi_delete_async_work(env, *(napi_async_work *)data));
  free(data);
}

ADDON_FRAME static void queue(napi_env env, napi_async_work work) {
  MUST(napi_queue_async_work(env, work)); /* AT queued */
}

/* False where the runtime has no such function. */
static bool find(napi_env env, napi_callback_info info) {
  char name[80];
  size_t length;
  MUST(napi_get_value_string_utf8(env, addon_argument(env, info), name, sizeof name, &length));
  *(void **)&the_function = dlsym(RTLD_DEFAULT, name);
  the_argument = strstr(name, "_env_cleanup_hook") != NULL ? (void *)(uintptr_t)do_nothing : NULL;
  the_env = env;
  return the_function != NULL;
}

/* The status; -1 where the runtime has no such function. */
static napi_value call_on_thread(napi_env env, napi_callback_info info) {
  pthread_t thread;
  if (!find(env, info))
    return addon_number(env, -1);
  MUST_BE(pthread_create(&thread, NULL, on_thread, NULL) == 0);
  MUST_BE(pthread_join(thread, NULL) == 0);
  return addon_number(env, the_status);
}

static napi_value call_in_execute(napi_env env, napi_callback_info info) {
  napi_async_work *work = (napi_async_work *)malloc(sizeof *work);
  napi_value name;
  if (!find(env, info)) {
    free(work);
    return addon_number(env, -1);
  }
  MUST(napi_create_string_utf8(env, "job", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, complete, work, work));
  MUST_BE(sem_init(&is_done, 0, 0) == 0);
  queue(env, *work);
  MUST_BE(sem_wait(&is_done) == 0);
  return addon_number(env, the_status);
}

ADDON_EXPORTS({"callOnThread", call_on_thread}, {"callInExecute", call_in_execute})
