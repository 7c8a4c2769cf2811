/* ok__failed-call__types.c - the type is asked for first. */
#include "addon.h"

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value values[2] = {addon_object(env), addon_number(env, 3)};
  for (int i = 0; i < 2; i++) {
    napi_valuetype type;
    int32_t number = 0;
    MUST(napi_typeof(env, values[i], &type));
    if (type == napi_number)
      MUST(napi_get_value_int32(env, values[i], &number));
  }
  return NULL;
}

ADDON_EXPORTS({"run", run})
