// leaked-reference__held-vector.cc - node-addon-api: references in a static vector, never emptied.
#include <napi.h>

#include <new>
#include <vector>

// Made once and never destroyed, as many addons do to escape the order of static destructors.
static std::vector<Napi::FunctionReference> &listeners() {
  static auto *all = new std::vector<Napi::FunctionReference>();
  return *all;
}

static void AddListener(const Napi::CallbackInfo &info) {
  listeners().push_back(Napi::Persistent(info[0].As<Napi::Function>()));
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("add", Napi::Function::New(env, AddListener));
  return exports;
}

NODE_API_MODULE(demo, Init)
