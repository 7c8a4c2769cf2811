// ok__instance-data-replaced__cxx.cc - node-addon-api: set once, then changed in place.
#include <napi.h>

struct Settings {
  int level = 0;
};

static void Run(const Napi::CallbackInfo &info) {
  info.Env().SetInstanceData(new Settings{1});
  info.Env().GetInstanceData<Settings>()->level = 2;
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
