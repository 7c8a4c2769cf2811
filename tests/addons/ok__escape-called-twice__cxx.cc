// ok__escape-called-twice__cxx.cc - node-addon-api: two values out of a scope, in an array.
#include <napi.h>

static Napi::Value Run(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Napi::EscapableHandleScope scope(env);
  Napi::Array both = Napi::Array::New(env, 2);
  both.Set(0u, Napi::Number::New(env, 1));
  both.Set(1u, Napi::Number::New(env, 2));
  return scope.Escape(both);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
