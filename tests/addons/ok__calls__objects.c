/*
 * ok__calls__objects.c - properties, elements, prototypes, classes, wraps, type tags: each
 * function once, answers checked.
 */
#define NAPI_VERSION 8
#include "addon.h"

static const napi_type_tag tag = {0x1122334455667788ull, 0x99aabbccddeeff00ull};
static const napi_type_tag other_tag = {1, 2};

static napi_value text(napi_env env, const char *chars) {
  napi_value value;
  MUST(napi_create_string_utf8(env, chars, NAPI_AUTO_LENGTH, &value));
  return value;
}

static void properties(napi_env env) {
  napi_value object = addon_object(env), key = text(env, "k"), value, names;
  bool flag;
  uint32_t length;
  MUST(napi_set_property(env, object, key, addon_number(env, 1)));
  MUST(napi_has_property(env, object, key, &flag));
  MUST_BE(flag);
  MUST(napi_has_own_property(env, object, key, &flag));
  MUST_BE(flag);
  MUST(napi_get_property(env, object, key, &value));
  MUST(napi_set_named_property(env, object, "n", value));
  MUST(napi_has_named_property(env, object, "n", &flag));
  MUST_BE(flag);
  MUST(napi_get_named_property(env, object, "n", &value));
  MUST(napi_get_property_names(env, object, &names));
  MUST(napi_get_array_length(env, names, &length));
  MUST_BE(length == 2);
  MUST(napi_get_all_property_names(env, object, napi_key_own_only, napi_key_enumerable,
                                   napi_key_numbers_to_strings, &names));
  MUST(napi_get_array_length(env, names, &length));
  MUST_BE(length == 2);
  MUST(napi_delete_property(env, object, key, &flag));
  MUST_BE(flag);
  MUST(napi_get_prototype(env, object, &value));
  MUST(napi_object_seal(env, object));
  MUST(napi_object_freeze(env, object));
}

static void elements(napi_env env) {
  napi_value array, value;
  bool flag;
  uint32_t length;
  MUST(napi_create_array_with_length(env, 3, &array));
  MUST(napi_set_element(env, array, 1, addon_number(env, 5)));
  MUST(napi_has_element(env, array, 1, &flag));
  MUST_BE(flag);
  MUST(napi_get_element(env, array, 1, &value));
  MUST(napi_delete_element(env, array, 1, &flag));
  MUST_BE(flag);
  MUST(napi_get_array_length(env, array, &length));
  MUST(napi_is_array(env, array, &flag));
  MUST_BE(flag && length == 3);
  MUST(napi_create_array(env, &array));
  MUST(napi_is_array(env, array, &flag));
  MUST_BE(flag);
}

static int n_constructed, n_accessed;

static napi_value construct(napi_env env, napi_callback_info info) {
  napi_value self, target;
  void *data;
  MUST(napi_get_cb_info(env, info, NULL, NULL, &self, &data));
  MUST(napi_get_new_target(env, info, &target));
  MUST_BE(target != NULL && data == &n_constructed);
  n_constructed++;
  return self;
}

static napi_value access_value(napi_env env, napi_callback_info info) {
  void *data;
  MUST(napi_get_cb_info(env, info, NULL, NULL, NULL, &data));
  MUST_BE(data == &n_accessed);
  return addon_number(env, ++n_accessed);
}

static void classes(napi_env env) {
  napi_property_descriptor members[] = {
      {"v", NULL, NULL, access_value, access_value, NULL, napi_default, &n_accessed},
      {"m", NULL, access_value, NULL, NULL, NULL, napi_default, &n_accessed},
      {"s", NULL, access_value, NULL, NULL, NULL, napi_static, &n_accessed},
  };
  napi_value class_value, instance, value;
  bool flag;
  MUST(napi_define_class(env, "C", 1, construct, &n_constructed, 3, members, &class_value));
  MUST(napi_new_instance(env, class_value, 0, NULL, &instance));
  MUST(napi_instanceof(env, instance, class_value, &flag));
  MUST_BE(flag && n_constructed > 0);
  n_accessed = 0;
  MUST(napi_get_named_property(env, instance, "v", &value));
  MUST(napi_set_named_property(env, instance, "v", value));
  MUST(napi_get_named_property(env, instance, "m", &value));
  MUST(napi_call_function(env, instance, value, 0, NULL, NULL));
  MUST(napi_get_named_property(env, class_value, "s", &value));
  MUST(napi_call_function(env, instance, value, 0, NULL, NULL));
  MUST_BE(n_accessed == 4);
}

static void wraps(napi_env env) {
  napi_value object = addon_object(env), tagged = addon_object(env);
  int native = 5;
  void *found = NULL;
  bool flag;
  MUST(napi_wrap(env, object, &native, NULL, NULL, NULL));
  MUST(napi_unwrap(env, object, &found));
  MUST_BE(found == &native);
  found = NULL;
  MUST(napi_remove_wrap(env, object, &found));
  MUST_BE(found == &native);
  MUST(napi_type_tag_object(env, tagged, &tag));
  MUST(napi_check_object_type_tag(env, tagged, &tag, &flag));
  MUST_BE(flag);
  MUST(napi_check_object_type_tag(env, tagged, &other_tag, &flag));
  MUST_BE(!flag);
}

static void externals(napi_env env) {
  static int native;
  napi_value value;
  void *found;
  MUST(napi_create_external(env, &native, NULL, NULL, &value));
  MUST(napi_get_value_external(env, value, &found));
  MUST_BE(found == &native);
}

static napi_value run(napi_env env, napi_callback_info info) {
  properties(env);
  elements(env);
  classes(env);
  wraps(env);
  externals(env);
  return NULL;
}

ADDON_EXPORTS({"run", run})
