/* failed-call__types.c - calls that come back with a status: a table of them is a note, no more. */
#include "addon.h"

ADDON_FRAME static void ask_number(napi_env env, napi_value value) {
  int32_t number = 0;
  (void)napi_get_value_int32(env, value, &number); /* DEFECT used */
}

static napi_value run(napi_env env, napi_callback_info info) {
  for (int i = 0; i < 7; i++)
    ask_number(env, addon_object(env));
  return NULL;
}

ADDON_EXPORTS({"run", run})
