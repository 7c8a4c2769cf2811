/*
 * growing-references__heavy.c - async works, threadsafe functions, promises and contexts that are
 * made again and again and kept in lists, which nobody empties.
 */
#include "addon.h"

struct node {
  struct node *next;
  char label[24];
  void *handle;
};

static struct node *list;

ADDON_FRAME static void **new_slot(void) {
  struct node *node = (struct node *)calloc(1, sizeof *node);
  MUST_BE(node != NULL);
  node->next = list;
  list = node;
  return &node->handle;
}

static void execute(napi_env env, void *data) {}

ADDON_FRAME static void keep_work(napi_env env) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, execute, NULL, NULL,
                              (napi_async_work *)new_slot())); /* DEFECT work */
}

static void call_js(napi_env env, napi_value function, void *context, void *data) {}

ADDON_FRAME static void keep_function(napi_env env) {
  napi_value name;
  napi_threadsafe_function *slot = (napi_threadsafe_function *)new_slot();
  MUST(napi_create_string_utf8(env, "function", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, call_js,
                                       slot)); /* DEFECT function */
  MUST(napi_unref_threadsafe_function(env, *slot));
}

ADDON_FRAME static void keep_promise(napi_env env) {
  napi_value promise;
  MUST(napi_create_promise(env, (napi_deferred *)new_slot(), &promise)); /* DEFECT promise */
}

ADDON_FRAME static void keep_context(napi_env env) {
  napi_value name;
  MUST(napi_create_string_utf8(env, "context", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, NULL, name, (napi_async_context *)new_slot())); /* DEFECT context */
}

static napi_value run(napi_env env, napi_callback_info info) {
  keep_work(env);
  keep_function(env);
  keep_promise(env);
  keep_context(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
