// pending-exception-ignored__cxx.cc - node-addon-api without C++ exceptions: a callback throws, the
// addon goes on with what it meant to do next.
#include <napi.h>

__attribute__((noinline)) static void CallBack(const Napi::CallbackInfo &info) {
  info[0].As<Napi::Function>().Call({}); /* AT failed */
}

__attribute__((noinline)) static void GoOn(Napi::Object object) {
  object.Set("done", true); /* DEFECT used */
}

static void Run(const Napi::CallbackInfo &info) {
  Napi::Object object = Napi::Object::New(info.Env());
  CallBack(info);
  GoOn(object);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
