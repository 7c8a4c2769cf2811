// unclosed-handle-scope__cxx.cc - node-addon-api: a HandleScope made with new and never deleted.
#include <napi.h>

__attribute__((noinline)) static Napi::HandleScope *Enter(Napi::Env env) {
  return new Napi::HandleScope(env); /* AT opened */
}

static void Run(const Napi::CallbackInfo &info) { Enter(info.Env()); }

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
