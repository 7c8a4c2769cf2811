// threadsafe-function-use-after-release__cxx.cc - node-addon-api: a call after the last Release.
#include <napi.h>

static Napi::ThreadSafeFunction post;

__attribute__((noinline)) static void Make(Napi::Env env, const Napi::Function &callback) {
  post = Napi::ThreadSafeFunction::New(env, callback, "post", 0, 1); /* AT created */
}

__attribute__((noinline)) static void LetGo() {
  post.Release(); /* AT released */
}

__attribute__((noinline)) static void CallIt() {
  post.NonBlockingCall(); /* DEFECT used */
}

static void Run(const Napi::CallbackInfo &info) {
  Make(info.Env(), info[0].As<Napi::Function>());
  LetGo();
}

static void Use(const Napi::CallbackInfo &info) { CallIt(); }

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  exports.Set("use", Napi::Function::New(env, Use));
  return exports;
}

NODE_API_MODULE(demo, Init)
