/*
 * ok__calls__fatal-exception.c - napi_fatal_exception: the program's own handler gets it, and goes
 * on.
 */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value message, error;
  MUST(napi_create_string_utf8(env, "fatal on purpose", NAPI_AUTO_LENGTH, &message));
  MUST(napi_create_error(env, NULL, message, &error));
  MUST(napi_fatal_exception(env, error));
  return NULL;
}

ADDON_EXPORTS({"run", run})
