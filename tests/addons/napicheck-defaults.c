// An addon that brings options and suppressions of its own.
#include "napicheck/napicheck.h"

#include "addon.h"

const char *napicheck_default_options(void) { return "exitcode=42:show=all"; }

const char *napicheck_default_suppressions(void) {
  return "# kept for ever on purpose\nleaked-reference:lose_on_purpose reason=\"on purpose\"";
}

static void make_reference(napi_env env) {
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference)); /* DEFECT created */
}

ADDON_FRAME static void lose_on_purpose(napi_env env) {
  make_reference(env);
  make_reference(env);
}

ADDON_FRAME static void lose_otherwise(napi_env env) { make_reference(env); }

static napi_value on_purpose(napi_env env, napi_callback_info info) {
  lose_on_purpose(env);
  return NULL;
}

static napi_value otherwise(napi_env env, napi_callback_info info) {
  lose_otherwise(env);
  return NULL;
}

ADDON_EXPORTS({"onPurpose", on_purpose}, {"otherwise", otherwise})
