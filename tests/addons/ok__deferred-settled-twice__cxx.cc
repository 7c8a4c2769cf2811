// ok__deferred-settled-twice__cxx.cc - node-addon-api: whoever comes first settles it.
#include <napi.h>

#include <memory>

using Shared = std::unique_ptr<Napi::Promise::Deferred>;

static void Finish(Shared &deferred) {
  if (deferred)
    deferred->Resolve(deferred->Env().Undefined());
  deferred.reset();
}

static void Stop(Shared &deferred) {
  if (deferred)
    deferred->Reject(Napi::String::New(deferred->Env(), "stopped"));
  deferred.reset();
}

static Napi::Value Run(const Napi::CallbackInfo &info) {
  auto deferred = std::make_unique<Napi::Promise::Deferred>(info.Env());
  auto promise = deferred->Promise();
  Finish(deferred);
  Stop(deferred);
  return promise;
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
