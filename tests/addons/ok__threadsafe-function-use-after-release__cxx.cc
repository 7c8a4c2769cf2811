// ok__threadsafe-function-use-after-release__cxx.cc - node-addon-api: no call after the last Release.
#include <napi.h>

static Napi::ThreadSafeFunction post;

static void Run(const Napi::CallbackInfo &info) {
  post = Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "post", 0, 1);
  post.NonBlockingCall();
  post.Release();
  post = Napi::ThreadSafeFunction();
}

static void Use(const Napi::CallbackInfo &info) {
  if (post)
    post.NonBlockingCall();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  exports.Set("use", Napi::Function::New(env, Use));
  return exports;
}

NODE_API_MODULE(demo, Init)
