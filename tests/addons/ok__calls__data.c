/*
 * ok__calls__data.c - every sort of callback gets exactly the data, hint, context and env that the
 * addon gave for it, and says so.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <dlfcn.h>

/* What a callback is to get: one for each, told apart by its address. */
struct cell {
  const char *name;
  napi_env env;
};

static struct cell cells[40];
static int n_cells;

static struct cell *cell_new(napi_env env, const char *name) {
  struct cell *cell = &cells[n_cells++];
  *cell = (struct cell){name, env};
  return cell;
}

/* `cell` is what came, `name` what was to come. */
static void seen(const struct cell *cell, napi_env env, const char *name) {
  MUST_BE(cell >= cells && cell < cells + n_cells);
  MUST_BE(strcmp(cell->name, name) == 0);
  MUST_BE(env == NULL || cell->env == env);
  printf("%s\n", name);
}

static void seen_pair(const void *data, const void *hint, napi_env env, const char *name) {
  char hint_name[64];
  snprintf(hint_name, sizeof hint_name, "%s hint", name);
  seen(data, env, name);
  seen(hint, env, hint_name);
}

#define CALLBACK(function, name)                                                                   \
  static napi_value function(napi_env env, napi_callback_info info) {                              \
    void *data;                                                                                    \
    napi_value this_arg;                                                                           \
    MUST(napi_get_cb_info(env, info, NULL, NULL, &this_arg, &data));                               \
    seen(data, env, name);                                                                         \
    return this_arg;                                                                               \
  }
CALLBACK(on_function, "function")
CALLBACK(on_constructor, "constructor")
CALLBACK(on_method, "method")
CALLBACK(on_static_method, "static method")
CALLBACK(on_getter, "accessor")
CALLBACK(on_setter, "accessor")
CALLBACK(on_own_method, "own method")
CALLBACK(on_own_getter, "own accessor")
CALLBACK(on_own_setter, "own accessor")

#define FINALIZER(function, name)                                                                  \
  static void function(napi_env env, void *data, void *hint) { seen_pair(data, hint, env, name); }
FINALIZER(on_wrap_gone, "wrap")
FINALIZER(on_added_gone, "added finalizer")
FINALIZER(on_external_gone, "external")
FINALIZER(on_buffer_gone, "buffer")
FINALIZER(on_arraybuffer_gone, "arraybuffer")
FINALIZER(on_posted, "posted finalizer")
FINALIZER(on_instance_gone, "instance data")

static void on_string_gone(napi_env env, void *data, void *hint) {
  (void)data;
  seen(hint, NULL, "string hint");
}

static napi_async_work work;
static napi_threadsafe_function tsfn;

static void on_execute(napi_env env, void *data) { seen(data, env, "work"); }
static void on_complete(napi_env env, napi_status status, void *data) {
  MUST_BE(status == napi_ok);
  seen(data, env, "work");
  MUST(napi_delete_async_work(env, work));
}
static void on_call_js(napi_env env, napi_value js_callback, void *context, void *data) {
  napi_valuetype type;
  seen(context, env, "tsfn context");
  seen(data, env, "tsfn item");
  MUST(napi_typeof(env, js_callback, &type));
  MUST_BE(type == napi_function);
}
static void on_tsfn_gone(napi_env env, void *data, void *context) {
  seen(data, env, "tsfn");
  seen(context, env, "tsfn context");
}
static void on_env_end(void *arg) { seen(arg, NULL, "hook"); }
static napi_async_cleanup_hook_handle hook_handle;
static void on_async_env_end(napi_async_cleanup_hook_handle handle, void *arg) {
  seen(arg, NULL, "async hook");
  MUST_BE(handle == hook_handle);
  MUST(napi_remove_async_cleanup_hook(handle));
}

static napi_value give_functions(napi_env env, napi_callback_info info) {
  napi_value result = addon_object(env), function, class;
  MUST(napi_create_function(env, "f", 1, on_function, cell_new(env, "function"), &function));
  MUST(napi_set_named_property(env, result, "function", function));
  napi_property_descriptor members[] = {
      {.utf8name = "method", .method = on_method, .data = cell_new(env, "method")},
      {.utf8name = "staticMethod",
       .method = on_static_method,
       .attributes = napi_static,
       .data = cell_new(env, "static method")},
      {.utf8name = "accessor",
       .getter = on_getter,
       .setter = on_setter,
       .data = cell_new(env, "accessor")},
  };
  MUST(napi_define_class(env, "C", 1, on_constructor, cell_new(env, "constructor"), 3, members,
                         &class));
  MUST(napi_set_named_property(env, result, "Class", class));
  napi_property_descriptor own[] = {
      {.utf8name = "ownMethod", .method = on_own_method, .data = cell_new(env, "own method")},
      {.utf8name = "ownAccessor",
       .getter = on_own_getter,
       .setter = on_own_setter,
       .data = cell_new(env, "own accessor")},
  };
  MUST(napi_define_properties(env, result, 2, own));
  return result;
}

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value object = addon_object(env), value, name;
  MUST(napi_wrap(env, object, cell_new(env, "wrap"), on_wrap_gone, cell_new(env, "wrap hint"),
                 NULL));
  MUST(napi_add_finalizer(env, addon_object(env), cell_new(env, "added finalizer"), on_added_gone,
                          cell_new(env, "added finalizer hint"), NULL));
  MUST(napi_create_external(env, cell_new(env, "external"), on_external_gone,
                            cell_new(env, "external hint"), &value));
  struct cell *cell = cell_new(env, "buffer");
  MUST(napi_create_external_buffer(env, sizeof *cell, cell, on_buffer_gone,
                                   cell_new(env, "buffer hint"), &value));
  cell = cell_new(env, "arraybuffer");
  MUST(napi_create_external_arraybuffer(env, cell, sizeof *cell, on_arraybuffer_gone,
                                        cell_new(env, "arraybuffer hint"), &value));
  napi_status (*post)(napi_env, napi_finalize, void *, void *);
  *(void **)&post = dlsym(RTLD_DEFAULT, "node_api_post_finalizer");
  if (post != NULL)
    MUST(post(env, on_posted, cell_new(env, "posted finalizer"),
              cell_new(env, "posted finalizer hint")));
  napi_status (*external_string)(napi_env, char *, size_t, napi_finalize, void *, napi_value *,
                                 bool *);
  *(void **)&external_string = dlsym(RTLD_DEFAULT, "node_api_create_external_string_latin1");
  static char text[] = "a text that is long enough to stay outside of the heap";
  bool is_copied;
  if (external_string != NULL)
    MUST(external_string(env, text, NAPI_AUTO_LENGTH, on_string_gone, cell_new(env, "string hint"),
                         &value, &is_copied));
  MUST(napi_set_instance_data(env, cell_new(env, "instance data"), on_instance_gone,
                              cell_new(env, "instance data hint")));
  MUST(napi_add_env_cleanup_hook(env, on_env_end, cell_new(env, "hook")));
  MUST(napi_add_async_cleanup_hook(env, on_async_env_end, cell_new(env, "async hook"),
                                   &hook_handle));
  MUST(napi_create_string_utf8(env, "work", NAPI_AUTO_LENGTH, &name));
  MUST(napi_create_async_work(env, NULL, name, on_execute, on_complete, cell_new(env, "work"),
                              &work));
  MUST(napi_queue_async_work(env, work));
  MUST(napi_create_threadsafe_function(env, addon_argument(env, info), NULL, name, 0, 1,
                                       cell_new(env, "tsfn"), on_tsfn_gone,
                                       cell_new(env, "tsfn context"), on_call_js, &tsfn));
  MUST(napi_call_threadsafe_function(tsfn, cell_new(env, "tsfn item"), napi_tsfn_blocking));
  MUST(napi_release_threadsafe_function(tsfn, napi_tsfn_release));
  return NULL;
}

ADDON_EXPORTS({"giveFunctions", give_functions}, {"run", run})
