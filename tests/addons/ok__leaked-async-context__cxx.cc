// ok__leaked-async-context__cxx.cc - node-addon-api: an AsyncContext that ends with its block.
#include <napi.h>

static void Run(const Napi::CallbackInfo &info) {
  Napi::AsyncContext context(info.Env(), "request");
  info[0].As<Napi::Function>().MakeCallback(info.Env().Global(), {}, context);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
