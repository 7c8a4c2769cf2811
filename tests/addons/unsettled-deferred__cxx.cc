// unsettled-deferred__cxx.cc - node-addon-api: a way out on which the promise is forgotten.
#include <napi.h>

__attribute__((noinline)) static Napi::Value Open(Napi::Env env, bool is_good) {
  auto deferred = Napi::Promise::Deferred::New(env); /* DEFECT created */
  if (is_good)
    deferred.Resolve(env.Undefined());
  return deferred.Promise();
}

static void Run(const Napi::CallbackInfo &info) {
  Open(info.Env(), true);
  Open(info.Env(), false);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
