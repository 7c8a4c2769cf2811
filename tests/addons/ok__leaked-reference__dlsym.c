/*
 * ok__leaked-reference__dlsym.c - looks functions up and believes the answer: what is absent has
 * to stay absent.
 *
 * koffi and napi-rs take another path when a newer function is there.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <dlfcn.h>

static napi_value run(napi_env env, napi_callback_info info) {
  __typeof__(napi_create_reference) *create_reference;
  __typeof__(napi_delete_reference) *delete_reference;
  void *program = dlopen(NULL, RTLD_NOW);
  MUST_BE(program != NULL);
  *(void **)&create_reference = dlsym(program, "napi_create_reference");
  *(void **)&delete_reference = dlsym(RTLD_DEFAULT, "napi_delete_reference");
  MUST_BE(create_reference != NULL && delete_reference != NULL);
  napi_ref reference;
  MUST(create_reference(env, addon_object(env), 1, &reference));
  MUST(delete_reference(env, reference));
  dlclose(program);
  return NULL;
}

/* Which of the younger functions this runtime has; the driver prints it, and bare and watched must
 * agree. */
static napi_value probe(napi_env env, napi_callback_info info) {
  static const char *const names[] = {
      "node_api_symbol_for",
      "node_api_create_syntax_error",
      "node_api_get_module_file_name",
      "node_api_create_external_string_latin1",
      "node_api_create_property_key_utf16",
      "node_api_create_property_key_latin1",
      "node_api_create_property_key_utf8",
      "node_api_create_buffer_from_arraybuffer",
      "node_api_post_finalizer",
      "node_api_set_prototype",
      "node_api_create_object_with_properties",
      "node_api_is_sharedarraybuffer",
      "node_api_create_sharedarraybuffer",
      "node_api_create_external_sharedarraybuffer",
      "napi_no_such_function",
      "node_api_no_such_function",
  };
  char text[2048] = "";
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    strcat(text, dlsym(RTLD_DEFAULT, names[i]) ? "+" : "-");
    strcat(text, names[i]);
    strcat(text, " ");
  }
  napi_value value;
  MUST(napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value));
  return value;
}

ADDON_EXPORTS({"run", run}, {"probe", probe})
