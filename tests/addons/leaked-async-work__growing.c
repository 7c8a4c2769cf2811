/*
 * leaked-async-work__growing.c - what is made for every request is kept in a list for ever: work,
 * threadsafe functions, promises, contexts.
 */
#include "addon.h"

struct node {
  void *handle;
  struct node *next;
};
static struct node *list;

static void push(void *handle) {
  struct node *node = malloc(sizeof *node);
  MUST_BE(node != NULL);
  *node = (struct node){handle, list};
  list = node;
}

static void execute(napi_env env, void *data) {}
static void complete(napi_env env, napi_status status, void *data) {}
static void call_js(napi_env env, napi_value callback, void *context, void *data) {}

ADDON_FRAME static void make_work(napi_env env, napi_value name) {
  napi_async_work work;
  MUST(
      napi_create_async_work(env, NULL, name, execute, complete, NULL, &work)); /* DEFECT created */
  push(work);
}

ADDON_FRAME static void make_function(napi_env env, napi_value name) {
  napi_threadsafe_function tsfn;
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       &tsfn)); /* DEFECT created */
  MUST(napi_unref_threadsafe_function(env, tsfn));
  push(tsfn);
}

ADDON_FRAME static void make_promise(napi_env env) {
  napi_deferred deferred;
  napi_value promise;
  MUST(napi_create_promise(env, &deferred, &promise)); /* DEFECT created */
  push(deferred);
}

ADDON_FRAME static void make_context(napi_env env, napi_value name) {
  napi_async_context context;
  MUST(napi_async_init(env, NULL, name, &context)); /* DEFECT created */
  push(context);
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "request", NAPI_AUTO_LENGTH, &name));
  make_work(env, name);
  make_function(env, name);
  make_promise(env);
  make_context(env, name);
  return NULL;
}

ADDON_EXPORTS({"run", run})
