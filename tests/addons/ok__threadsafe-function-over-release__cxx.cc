// ok__threadsafe-function-over-release__cxx.cc - node-addon-api: each Release has its Acquire.
#include <napi.h>

static void Run(const Napi::CallbackInfo &info) {
  auto post = Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "post", 0, 1);
  post.Acquire();
  post.Release();
  post.Release();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
