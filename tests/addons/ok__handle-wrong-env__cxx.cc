// ok__handle-wrong-env__cxx.cc - node-addon-api: the value itself is the argument, so that each
// addon has a handle of its own.
#include <napi.h>

static void Give(const Napi::CallbackInfo &info) {
  Napi::Value value = Napi::Object::New(info.Env());
  info[0].As<Napi::Function>().Call({value});
}

__attribute__((noinline)) static void Store(Napi::Object object, Napi::Value value) {
  object.Set("taken", value);
}

static void Take(const Napi::CallbackInfo &info) {
  Store(Napi::Object::New(info.Env()), info[0]);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("give", Napi::Function::New(env, Give));
  exports.Set("take", Napi::Function::New(env, Take));
  return exports;
}

NODE_API_MODULE(demo, Init)
