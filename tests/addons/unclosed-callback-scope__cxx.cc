// unclosed-callback-scope__cxx.cc - node-addon-api: a CallbackScope made with new and never deleted.
#include <napi.h>

__attribute__((noinline)) static void Enter(Napi::Env env, napi_async_context context) {
  new Napi::CallbackScope(env, context); /* AT caller */
}

static void Run(const Napi::CallbackInfo &info) {
  Napi::AsyncContext context(info.Env(), "scope");
  Enter(info.Env(), context);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
