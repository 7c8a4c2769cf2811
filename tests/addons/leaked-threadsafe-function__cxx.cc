// leaked-threadsafe-function__cxx.cc - node-addon-api: a ThreadSafeFunction that goes out of scope is
// not released by that.
#include <napi.h>

__attribute__((noinline)) static void Make(Napi::Env env, const Napi::Function &callback) {
  auto post = Napi::ThreadSafeFunction::New(env, callback, "post", 0, 1); /* DEFECT created */
  post.Unref(env);
}

static void Run(const Napi::CallbackInfo &info) {
  Make(info.Env(), info[0].As<Napi::Function>());
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
