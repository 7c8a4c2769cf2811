// ok__unsettled-deferred__cxx.cc - node-addon-api: the promise is settled on every way out.
#include <napi.h>

static Napi::Value Open(Napi::Env env, bool is_good) {
  auto deferred = Napi::Promise::Deferred::New(env);
  if (is_good)
    deferred.Resolve(env.Undefined());
  else
    deferred.Reject(Napi::Error::New(env, "not good").Value());
  return deferred.Promise();
}

static Napi::Value Run(const Napi::CallbackInfo &info) {
  Open(info.Env(), true);
  return Open(info.Env(), info.Length() > 0);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
