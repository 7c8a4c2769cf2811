// ok__unclosed-callback-scope__cxx.cc - node-addon-api: a CallbackScope as a local variable, handle
// scopes around it and in it.
#include <napi.h>

static void Run(const Napi::CallbackInfo &info) {
  Napi::AsyncContext context(info.Env(), "scope");
  Napi::HandleScope around(info.Env());
  Napi::Object made = Napi::Object::New(info.Env());
  {
    Napi::CallbackScope scope(info.Env(), context);
    Napi::HandleScope inner(info.Env());
    info[0].As<Napi::Function>().Call({made});
  }
  made.Set("called", true);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
