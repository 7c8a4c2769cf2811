/*
 * ok__calls__newest.c - functions that only newer runtimes have, found by dlsym: external strings,
 * property keys, buffers on array buffers, prototypes, shared array buffers.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 9
#include "addon.h"

#include <dlfcn.h>

static int n_freed;

static void drop(napi_env env, void *data, void *hint) { n_freed++; }

static napi_value run(napi_env env, napi_callback_info info) {
  static char latin1[] = "a text that is long enough to stay outside of the heap";
  static char16_t utf16[] = u"another text that is long enough to stay outside";
  napi_status (*external_latin1)(napi_env, char *, size_t, napi_finalize, void *, napi_value *,
                                 bool *);
  napi_status (*external_utf16)(napi_env, char16_t *, size_t, napi_finalize, void *, napi_value *,
                                bool *);
  napi_status (*key_latin1)(napi_env, const char *, size_t, napi_value *);
  napi_status (*key_utf8)(napi_env, const char *, size_t, napi_value *);
  napi_status (*key_utf16)(napi_env, const char16_t *, size_t, napi_value *);
  napi_status (*buffer_on)(napi_env, napi_value, size_t, size_t, napi_value *);
  napi_status (*set_prototype)(napi_env, napi_value, napi_value);
  napi_value value, buffer, object = addon_object(env);
  bool is_copied;
  void *bytes, *found;
  size_t length;
  int n_called = 0;
  *(void **)&external_latin1 = dlsym(RTLD_DEFAULT, "node_api_create_external_string_latin1");
  *(void **)&external_utf16 = dlsym(RTLD_DEFAULT, "node_api_create_external_string_utf16");
  *(void **)&key_latin1 = dlsym(RTLD_DEFAULT, "node_api_create_property_key_latin1");
  *(void **)&key_utf8 = dlsym(RTLD_DEFAULT, "node_api_create_property_key_utf8");
  *(void **)&key_utf16 = dlsym(RTLD_DEFAULT, "node_api_create_property_key_utf16");
  *(void **)&buffer_on = dlsym(RTLD_DEFAULT, "node_api_create_buffer_from_arraybuffer");
  *(void **)&set_prototype = dlsym(RTLD_DEFAULT, "node_api_set_prototype");
  if (external_latin1) {
    MUST(external_latin1(env, latin1, NAPI_AUTO_LENGTH, drop, NULL, &value, &is_copied));
    MUST(napi_get_value_string_utf8(env, value, NULL, 0, &length));
    MUST_BE(length == sizeof latin1 - 1);
    n_called++;
  }
  if (external_utf16) {
    MUST(external_utf16(env, utf16, NAPI_AUTO_LENGTH, drop, NULL, &value, &is_copied));
    MUST(napi_get_value_string_utf16(env, value, NULL, 0, &length));
    MUST_BE(length == sizeof utf16 / sizeof utf16[0] - 1);
    n_called++;
  }
  if (key_latin1) {
    MUST(key_latin1(env, "one", NAPI_AUTO_LENGTH, &value));
    MUST(napi_set_property(env, object, value, value));
    n_called++;
  }
  if (key_utf8) {
    MUST(key_utf8(env, "two", NAPI_AUTO_LENGTH, &value));
    MUST(napi_set_property(env, object, value, value));
    n_called++;
  }
  if (key_utf16) {
    MUST(key_utf16(env, u"three", NAPI_AUTO_LENGTH, &value));
    MUST(napi_set_property(env, object, value, value));
    n_called++;
  }
  if (buffer_on) {
    MUST(napi_create_arraybuffer(env, 32, &bytes, &value));
    MUST(buffer_on(env, value, 8, 16, &buffer));
    MUST(napi_get_buffer_info(env, buffer, &found, &length));
    MUST_BE(found == (char *)bytes + 8 && length == 16);
    n_called++;
  }
  if (set_prototype) {
    MUST(set_prototype(env, object, addon_object(env)));
    n_called++;
  }
  return addon_number(env, n_called);
}

ADDON_EXPORTS({"run", run})
