// env-use-after-teardown__static.cc - the destructor of a static object uses the env, which the
// runtime has freed by then. Deleting a reference there is what node-addon-api does, and fine.
#include "addon.h"

namespace {
struct Cache {
  napi_env env = nullptr;
  napi_ref reference = nullptr;
  ~Cache();
};
Cache cache;
Cache::~Cache() {
  napi_value value;
  if (env == nullptr)
    return;
  if (reference != nullptr)
    napi_delete_reference(env, reference);
  else
    napi_create_object(env, &value);
}

napi_value Keep(napi_env env, napi_callback_info info) {
  cache.env = env;
  return nullptr;
}
napi_value KeepReference(napi_env env, napi_callback_info info) {
  cache.env = env;
  MUST(napi_create_reference(env, addon_object(env), 0, &cache.reference));
  return nullptr;
}
} // namespace

ADDON_EXPORTS({"keep", Keep}, {"keepReference", KeepReference})
