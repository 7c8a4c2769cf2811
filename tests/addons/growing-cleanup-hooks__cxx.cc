// growing-cleanup-hooks__cxx.cc - node-addon-api: a cleanup hook for each request, which is never
// removed.
#include <napi.h>

__attribute__((noinline)) static void AddHook(Napi::Env env) {
  env.AddCleanupHook([] {}); /* DEFECT created */
}

static void Run(const Napi::CallbackInfo &info) { AddHook(info.Env()); }

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
