// leaked-async-context__cxx.cc - node-addon-api: an AsyncContext on the heap that nobody deletes.
#include <napi.h>

__attribute__((noinline)) static Napi::AsyncContext *Make(Napi::Env env) {
  return new Napi::AsyncContext(env, "request"); /* DEFECT created */
}

static void Run(const Napi::CallbackInfo &info) {
  auto *context = Make(info.Env());
  info[0].As<Napi::Function>().MakeCallback(info.Env().Global(), {}, *context);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
