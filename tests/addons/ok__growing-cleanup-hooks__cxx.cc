// ok__growing-cleanup-hooks__cxx.cc - node-addon-api: removed when the request is over.
#include <napi.h>

static void Run(const Napi::CallbackInfo &info) {
  auto hook = info.Env().AddCleanupHook([] {});
  hook.Remove(info.Env());
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
