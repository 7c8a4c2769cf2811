/*
 * wrong-thread-call__tokens.c - scopes and arguments of a callback that waits, used on another
 * thread. The runtime has to get there what it would have got without the tool.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <pthread.h>

static napi_env the_env;
static napi_callback_info the_info;
static napi_handle_scope opened_here, opened_there;
static napi_escapable_handle_scope escapable;
static napi_ref reference;
static napi_value value, escaped;
static size_t argc;
static bool opens_there; /* V8 of Node 24 and older stops the process on that */

ADDON_FRAME static void *use(void *unused) {
  napi_value referenced = NULL;
  MUST(napi_get_cb_info(the_env, the_info, &argc, NULL, NULL, NULL)); /* DEFECT used */
  MUST(napi_get_reference_value(the_env, reference, &referenced));
  MUST(napi_escape_handle(the_env, escapable, value, &escaped));
  MUST(napi_close_escapable_handle_scope(the_env, escapable));
  MUST(napi_close_handle_scope(the_env, opened_here));
  if (opens_there)
    MUST(napi_open_handle_scope(the_env, &opened_there));
  return unused;
}

static napi_value run(napi_env env, napi_callback_info info) {
  pthread_t thread;
  double number = 0;
  const napi_node_version *version;
  MUST(napi_get_node_version(env, &version));
  opens_there = version->major >= 26;
  the_env = env;
  the_info = info;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  MUST(napi_open_handle_scope(env, &opened_here));
  MUST(napi_open_escapable_handle_scope(env, &escapable));
  value = addon_number(env, 5);
  MUST_BE(pthread_create(&thread, NULL, use, NULL) == 0);
  MUST_BE(pthread_join(thread, NULL) == 0);
  if (opens_there)
    MUST(napi_close_handle_scope(env, opened_there));
  MUST(napi_delete_reference(env, reference));
  MUST(napi_get_value_double(env, escaped, &number));
  return addon_number(env, number + (double)argc);
}

ADDON_EXPORTS({"run", run})
