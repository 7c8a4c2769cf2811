// ok__unclosed-handle-scope__cxx.cc - node-addon-api: scopes as local variables, one of them left
// by an exception.
#include <napi.h>

static Napi::Value Run(const Napi::CallbackInfo &info) {
  Napi::EscapableHandleScope outer(info.Env());
  {
    Napi::HandleScope inner(info.Env());
    Napi::Object::New(info.Env());
  }
  return outer.Escape(Napi::Number::New(info.Env(), 1));
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
