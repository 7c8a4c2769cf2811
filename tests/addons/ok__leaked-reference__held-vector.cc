// ok__leaked-reference__held-vector.cc - node-addon-api: the vector is emptied by a cleanup hook.
#include <napi.h>

#include <vector>

static std::vector<Napi::FunctionReference> listeners;

static void AddListener(const Napi::CallbackInfo &info) {
  listeners.push_back(Napi::Persistent(info[0].As<Napi::Function>()));
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("add", Napi::Function::New(env, AddListener));
  env.AddCleanupHook([] { listeners.clear(); });
  return exports;
}

NODE_API_MODULE(demo, Init)
