// deferred-settled-twice__cxx.cc - node-addon-api: resolved by the work, rejected by the one that
// stops it.
#include <napi.h>

__attribute__((noinline)) static void Finish(const Napi::Promise::Deferred &deferred) {
  deferred.Resolve(deferred.Env().Undefined()); /* AT first */
}

__attribute__((noinline)) static void Stop(const Napi::Promise::Deferred &deferred) {
  deferred.Reject(Napi::String::New(deferred.Env(), "stopped")); /* DEFECT used */
}

static void Run(const Napi::CallbackInfo &info) {
  auto deferred = Napi::Promise::Deferred::New(info.Env()); /* AT created */
  Finish(deferred);
  Stop(deferred);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
