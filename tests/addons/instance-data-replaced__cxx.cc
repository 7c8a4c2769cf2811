// instance-data-replaced__cxx.cc - node-addon-api: SetInstanceData over data of the same type does
// not delete the earlier.
#include <napi.h>

struct Settings {
  int level = 0;
};

__attribute__((noinline)) static void SetAgain(Napi::Env env) {
  env.SetInstanceData(new Settings{2}); /* DEFECT used */
}

static void Run(const Napi::CallbackInfo &info) {
  info.Env().SetInstanceData(new Settings{1}); /* AT first */
  SetAgain(info.Env());
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
