/*
 * ok__calls__arguments.c - what napi_get_cb_info says in the first call of a callback is what it
 * says in the second, for every number of arguments and of places for them.
 */
#include "addon.h"

enum { MOST = 9 };

static size_t room, n_given, n_probes;
static napi_value receiver;
static int data_of_probe;

static void must_be_same(napi_env env, napi_value a, napi_value b) {
  bool is_same = false;
  MUST(napi_strict_equals(env, a, b, &is_same));
  MUST_BE(is_same);
}

static void must_be_number(napi_env env, napi_value value, size_t expected) {
  uint32_t number;
  MUST(napi_get_value_uint32(env, value, &number));
  MUST_BE(number == expected);
}

static void must_be_undefined(napi_env env, napi_value value) {
  napi_valuetype type;
  MUST(napi_typeof(env, value, &type));
  MUST_BE(type == napi_undefined);
}

static napi_value probe(napi_env env, napi_callback_info info) {
  napi_value first[MOST + 1] = {NULL}, second[MOST + 1] = {NULL}, self, self_again;
  size_t n_first = room, n_second = room;
  void *data = NULL, *data_again = NULL;
  MUST(napi_get_cb_info(env, info, &n_first, first, &self, &data));
  MUST(napi_get_cb_info(env, info, &n_second, second, &self_again, &data_again));
  MUST_BE(n_first == n_given && n_second == n_given);
  MUST_BE(data == &data_of_probe && data_again == &data_of_probe);
  must_be_same(env, self, receiver);
  must_be_same(env, self_again, receiver);
  for (size_t i = 0; i < room; i++) {
    if (i < n_given) {
      must_be_number(env, first[i], i);
    } else {
      must_be_undefined(env, first[i]);
    }
    must_be_same(env, first[i], second[i]);
  }
  MUST_BE(first[room] == NULL && second[room] == NULL);
  n_probes++;
  return room > 0 ? first[0] : self;
}

static napi_value count_alone(napi_env env, napi_callback_info info) {
  size_t n = 0;
  MUST(napi_get_cb_info(env, info, &n, NULL, NULL, NULL));
  MUST_BE(n == n_given);
  n_probes++;
  return NULL;
}

/* After a call that failed, the last error is that of the call that came last. */
static napi_value after_failure(napi_env env, napi_callback_info info) {
  const napi_extended_error_info *error = NULL;
  size_t n = MOST;
  napi_value values[MOST];
  MUST_BE(napi_get_value_uint32(env, NULL, NULL) == napi_invalid_arg);
  MUST(napi_get_cb_info(env, info, &n, values, NULL, NULL));
  MUST(napi_get_last_error_info(env, &error));
  MUST_BE(error->error_code == napi_ok);
  n_probes++;
  return NULL;
}

/* Places without their number: Node refuses that, Bun does not. */
static napi_value no_number(napi_env env, napi_callback_info info) {
  napi_value values[1];
  napi_status first = napi_get_cb_info(env, info, NULL, values, NULL, NULL);
  MUST_BE(napi_get_cb_info(env, info, NULL, values, NULL, NULL) == first);
  n_probes++;
  return NULL;
}

static void call(napi_env env, napi_callback callback, size_t n) {
  napi_value function, values[MOST], result;
  n_given = n;
  for (size_t i = 0; i < n; i++)
    values[i] = addon_number(env, (double)i);
  MUST(napi_create_function(env, NULL, 0, callback, &data_of_probe, &function));
  MUST(napi_call_function(env, receiver, function, n, values, &result));
}

static napi_value run(napi_env env, napi_callback_info info) {
  (void)info;
  receiver = addon_object(env);
  n_probes = 0;
  for (size_t n = 0; n <= MOST; n++) {
    for (room = 0; room <= MOST; room++)
      call(env, probe, n);
    call(env, count_alone, n);
    call(env, after_failure, n);
  }
  call(env, no_number, 1);
  receiver = NULL;
  return addon_number(env, (double)n_probes);
}

ADDON_EXPORTS({"run", run})
